-- expect: SCRIPT
-- says: at most 512
-- a pattern that is too long
local action = require "orrery.action"
return {
  name = "c_pattern_length",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    return (("x"):find(("a"):rep(10000)))
  end,
}
