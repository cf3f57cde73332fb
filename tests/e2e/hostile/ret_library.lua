-- decide returns a frozen library table
-- expect: SCRIPT_RESULT
-- says: expected
local action = require "orrery.action"

return {
  name = "ret_library", vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    return action.vault
  end,
}
