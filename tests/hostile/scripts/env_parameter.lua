-- expect: OK
-- _ENV as a parameter
local action = require "orrery.action"
return {
  name = "env_parameter",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local function f(_ENV) return x end assert(f({x = 5}) == 5) return action.noop("contained")
  end,
}
