-- an index beyond every list
-- expect: SCRIPT_RESULT
-- says: hole
local action = require "orrery.action"

return {
  name = "ret_far_gap", vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    return { action.noop("x"), [2^53 + 1] = action.noop("y") }
  end,
}
