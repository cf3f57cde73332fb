-- expect: DEADLINE
-- a for loop to the largest integer
local action = require "orrery.action"
return {
  name = "time_integer_for",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    for i = 1, math.maxinteger do end
  end,
}
