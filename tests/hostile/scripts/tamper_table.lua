-- expect: SCRIPT
-- says: table is read-only
-- a new field in table
local action = require "orrery.action"
return {
  name = "tamper_table",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    table.extra = 1
  end,
}
