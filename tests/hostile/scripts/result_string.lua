-- expect: RESULT
-- a string
local action = require "orrery.action"
return {
  name = "result_string",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    return "buy"
  end,
}
