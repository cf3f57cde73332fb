-- expect: SCRIPT
-- says: error object is a table
-- a table as an error
local action = require "orrery.action"
return {
  name = "error_table",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    error({})
  end,
}
