-- a misspelt field
-- expect: SCRIPT
-- says: did you mean 'market'
local action = require "orrery.action"

return {
  name = "ctx_near_field", vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    return ctx.markt
  end,
}
