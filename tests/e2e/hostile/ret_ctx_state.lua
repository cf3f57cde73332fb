-- decide returns a list with ctx.state in it
-- expect: SCRIPT_RESULT
-- says: action 1
local action = require "orrery.action"

return {
  name = "ret_ctx_state", vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    return { ctx.state }
  end,
}
