-- expect: OK
-- a function with its own _ENV changes nothing for others
local action = require "orrery.action"
return {
  name = "tamper_env_swap",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local function f() local _ENV = {x = 1} x = 2 string = nil end f() assert(string.rep) return action.noop("contained")
  end,
}
