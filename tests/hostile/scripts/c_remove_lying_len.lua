-- expect: SCRIPT
-- says: metatable
-- table.remove on a table whose __len lies
local action = require "orrery.action"
return {
  name = "c_remove_lying_len",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    return table.remove(setmetatable({}, {__len = function() return 1e15 end}), 1)
  end,
}
