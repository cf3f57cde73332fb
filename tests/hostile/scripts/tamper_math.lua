-- expect: SCRIPT
-- says: math is read-only
-- math.random replaced
local action = require "orrery.action"
return {
  name = "tamper_math",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    math.random = function() return 4 end
  end,
}
