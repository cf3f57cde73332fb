-- expect: RESULT
-- an infinite reason
local action = require "orrery.action"
return {
  name = "result_inf",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    return {kind = "noop", reason = 1/0}
  end,
}
