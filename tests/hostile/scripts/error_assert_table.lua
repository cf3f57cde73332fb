-- expect: SCRIPT
-- says: error object is a table
-- assert with a table as its message
local action = require "orrery.action"
return {
  name = "error_assert_table",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    assert(false, {})
  end,
}
