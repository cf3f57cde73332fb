-- expect: DEADLINE
-- a loop without a loop statement
local action = require "orrery.action"
return {
  name = "time_goto",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    ::top:: goto top
  end,
}
