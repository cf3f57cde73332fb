-- minus zero in a payload
-- expect: SCRIPT_RESULT or SCRIPT
-- says: -0.0
local action = require "orrery.action"

return {
  name = "ret_payload_minus_zero", vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    return action.emit { topic = "none", payload = { x = -0.0 } }
  end,
}
