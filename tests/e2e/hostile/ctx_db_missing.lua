-- ctx.db without a schema says to declare one
-- expect: SCRIPT
-- says: add schema
local action = require "orrery.action"

return {
  name = "ctx_db_missing", vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    return ctx.db
  end,
}
