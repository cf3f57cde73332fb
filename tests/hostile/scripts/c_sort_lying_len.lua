-- expect: SCRIPT
-- says: metatable
-- table.sort on a table whose __len lies
local action = require "orrery.action"
return {
  name = "c_sort_lying_len",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    return table.sort(setmetatable({}, {__len = function() return 1e15 end}))
  end,
}
