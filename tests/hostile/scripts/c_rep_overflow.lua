-- expect: SCRIPT
-- string.rep whose size wraps around
local action = require "orrery.action"
return {
  name = "c_rep_overflow",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    return ("x"):rep(math.maxinteger, "y")
  end,
}
