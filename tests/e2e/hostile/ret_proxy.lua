-- a proxy that claims to be an action
-- expect: SCRIPT_RESULT
-- says: metatable
local action = require "orrery.action"

return {
  name = "ret_proxy", vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    return setmetatable({}, { __index = { kind = "noop", reason = "x" }, __pairs = function() return next, { kind = "noop" } end, __len = function() return 1 end })
  end,
}
