-- expect: RESULT
-- a list with a hole
local action = require "orrery.action"
return {
  name = "result_hole",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    return {action.noop("a"), nil, action.noop("b")}
  end,
}
