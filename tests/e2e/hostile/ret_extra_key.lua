-- a named key beside the list
-- expect: SCRIPT_RESULT
-- says: reason
local action = require "orrery.action"

return {
  name = "ret_extra_key", vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    return { action.noop("x"), reason = "y" }
  end,
}
