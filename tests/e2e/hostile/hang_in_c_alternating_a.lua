-- hangs where only SIGKILL ends it
-- expect: KILL
-- says: could not be interrupted
local action = require "orrery.action"

return {
  name = "hang_in_c_alternating_a", vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    return action.noop(tostring(("a"):rep(30000):find((".-"):rep(40) .. "b")))
  end,
}
