-- expect: RESULT
-- an unknown kind
local action = require "orrery.action"
return {
  name = "result_unknown_kind",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    return {kind = "steal", amount = 5}
  end,
}
