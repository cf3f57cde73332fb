-- expect: SCRIPT
-- says: metatable
-- table.concat of a table whose __index makes elements
local action = require "orrery.action"
return {
  name = "c_concat_lying_index",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    return table.concat(setmetatable({}, {__index = function() return "x" end, __len = function() return 1e15 end}))
  end,
}
