-- expect: RESULT
-- a library as the result
local action = require "orrery.action"
return {
  name = "result_frozen",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    return string
  end,
}
