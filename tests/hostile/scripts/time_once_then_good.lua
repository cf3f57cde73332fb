-- expect: DEADLINE
-- only the first tick hangs
local action = require "orrery.action"
local n = 0
return {
  name = "time_once_then_good",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    n = n + 1 if n == 1 then while true do end end return action.noop("contained")
  end,
}
