-- expect: RESULT
-- keys that are fractions
local action = require "orrery.action"
return {
  name = "result_float_keys",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    return {[1.5] = action.noop("x")}
  end,
}
