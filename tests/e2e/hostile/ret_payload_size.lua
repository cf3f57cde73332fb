-- a payload of one byte too much
-- expect: SCRIPT
-- says: 16384
local action = require "orrery.action"

return {
  name = "ret_payload_size", vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    return action.emit { topic = "none", payload = ("x"):rep(16400) }
  end,
}
