-- expect: RESULT
-- a number
local action = require "orrery.action"
return {
  name = "result_number",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    return 5
  end,
}
