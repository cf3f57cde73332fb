-- a negative index beside a good one
-- expect: SCRIPT_RESULT
-- says: integer -1
local action = require "orrery.action"

return {
  name = "ret_negative_index", vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    return { action.noop("x"), [-1] = action.noop("y") }
  end,
}
