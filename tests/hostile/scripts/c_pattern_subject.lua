-- expect: SCRIPT
-- says: at most 65536
-- a pattern on a subject that is too long
local action = require "orrery.action"
return {
  name = "c_pattern_subject",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    return (("x"):rep(200000):find("y*z"))
  end,
}
