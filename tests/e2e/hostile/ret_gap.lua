-- a hole in the list
-- expect: SCRIPT_RESULT
-- says: action 2: expected an action, got nil
local action = require "orrery.action"

return {
  name = "ret_gap", vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    return { action.noop("x"), nil, action.noop("y") }
  end,
}
