-- expect: RESULT
-- NaN in an action
local action = require "orrery.action"
return {
  name = "result_nan",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    return {kind = "noop", reason = 0/0}
  end,
}
