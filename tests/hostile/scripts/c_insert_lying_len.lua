-- expect: SCRIPT
-- says: metatable
-- table.insert on a table whose __len lies
local action = require "orrery.action"
return {
  name = "c_insert_lying_len",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    return table.insert(setmetatable({}, {__len = function() return 1e15 end}), 1, 2)
  end,
}
