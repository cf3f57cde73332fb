-- a list in a list
-- expect: SCRIPT_RESULT
-- says: action 1
local action = require "orrery.action"

return {
  name = "ret_nested_noops", vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    return { { { action.noop("x") } } }
  end,
}
