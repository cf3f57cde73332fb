-- expect: DEADLINE
-- random numbers for ever
local action = require "orrery.action"
return {
  name = "time_random_storm",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    while true do math.random(100) end
  end,
}
