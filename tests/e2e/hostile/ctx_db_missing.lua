-- ctx.db says what to use instead
-- expect: SCRIPT
-- says: ctx.state
local action = require "orrery.action"

return {
  name = "ctx_db_missing", vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    return ctx.db
  end,
}
