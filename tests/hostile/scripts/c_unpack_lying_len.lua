-- expect: SCRIPT
-- says: metatable
-- table.unpack of a table whose __len lies
local action = require "orrery.action"
return {
  name = "c_unpack_lying_len",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    return table.unpack(setmetatable({}, {__len = function() return 1e15 end}))
  end,
}
