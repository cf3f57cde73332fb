-- a field that the action does not have
-- expect: SCRIPT_RESULT
-- says: unknown field 'n'
local action = require "orrery.action"

return {
  name = "ret_extra_field", vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local a = action.noop("x")
    a.n = 2
    return a
  end,
}
