-- an error object carries ctx.state
-- expect: SCRIPT
-- says: error object is a userdata value
local action = require "orrery.action"

return {
  name = "ctx_state_as_error", vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    error(ctx.state)
  end,
}
