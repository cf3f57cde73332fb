-- expect: SCRIPT
-- error with absurd levels
local action = require "orrery.action"
return {
  name = "error_levels",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    for _, l in ipairs {-1, 1000, math.mininteger, math.maxinteger} do pcall(error, "x", l) end error("x", 2^40)
  end,
}
