-- expect: RESULT
-- a list with names
local action = require "orrery.action"
return {
  name = "result_mixed",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    return {action.noop("a"), x = action.noop("b")}
  end,
}
