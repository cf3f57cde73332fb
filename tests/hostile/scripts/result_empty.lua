-- expect: RESULT
-- an empty list
local action = require "orrery.action"
return {
  name = "result_empty",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    return {}
  end,
}
