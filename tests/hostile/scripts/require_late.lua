-- expect: SCRIPT
-- says: too late
-- require inside decide
local action = require "orrery.action"
return {
  name = "require_late",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    return require("orrery.late")
  end,
}
