-- both hooks throw at each outcome
-- expect: OK
-- fires: 3
local action = require "orrery.action"

return {
  name = "hook_throws", vault_id = "v",
  triggers = { { kind = "manual" } },
  on_executed = function() error({}) end,
  on_error = function() error(nil) end,
  decide = function(ctx)
    return action.noop("x")
  end,
}
