-- the same, right after the other
-- expect: KILL
local action = require "orrery.action"

return {
  name = "hang_in_c_alternating_b", vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    return action.noop(tostring(("b"):rep(30000):find((".-"):rep(40) .. "c")))
  end,
}
