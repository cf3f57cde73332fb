-- decide returns the vault's snapshot
-- expect: SCRIPT_RESULT
-- says: expected an action
local action = require "orrery.action"

return {
  name = "ret_vault", vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    return ctx.vault
  end,
}
