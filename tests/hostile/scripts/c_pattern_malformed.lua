-- expect: SCRIPT
-- says: malformed pattern
-- a malformed pattern
local action = require "orrery.action"
return {
  name = "c_pattern_malformed",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    return (("x"):find("[a"))
  end,
}
