-- expect: DEADLINE
-- a float loop whose step vanishes in rounding
local action = require "orrery.action"
return {
  name = "time_float_for",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    for x = 1e16, math.huge do end
  end,
}
