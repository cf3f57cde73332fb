-- decide returns ctx
-- expect: SCRIPT_RESULT
-- says: got userdata
local action = require "orrery.action"

return {
  name = "ret_ctx", vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    return ctx
  end,
}
