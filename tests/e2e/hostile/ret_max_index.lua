-- the greatest integer as an index
-- expect: SCRIPT_RESULT
-- says: hole
local action = require "orrery.action"

return {
  name = "ret_max_index", vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    return { [math.maxinteger] = action.noop("x") }
  end,
}
