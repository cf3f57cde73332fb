-- expect: DEADLINE
-- repeat until false
local action = require "orrery.action"
return {
  name = "time_repeat_until",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    repeat until false
  end,
}
