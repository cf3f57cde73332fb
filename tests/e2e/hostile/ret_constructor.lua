-- decide returns a constructor
-- expect: SCRIPT_RESULT
-- says: got function
local action = require "orrery.action"

return {
  name = "ret_constructor", vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    return action.vault.mint_binary
  end,
}
