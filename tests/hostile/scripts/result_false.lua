-- expect: RESULT
-- false
local action = require "orrery.action"
return {
  name = "result_false",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    return false
  end,
}
