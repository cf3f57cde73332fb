-- expect: RESULT
-- a function
local action = require "orrery.action"
return {
  name = "result_function",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    return print
  end,
}
