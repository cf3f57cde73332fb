-- expect: RESULT
-- a kind that is a table
local action = require "orrery.action"
return {
  name = "result_kind_table",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    return {kind = {}}
  end,
}
