-- a list of constructors
-- expect: SCRIPT_RESULT
-- says: action 1: expected an action
local action = require "orrery.action"

return {
  name = "ret_constructors_list", vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    return { action.noop, action.emit }
  end,
}
