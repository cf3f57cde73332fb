-- expect: SCRIPT
-- says: read-only
-- the action module is read-only
local action = require "orrery.action"
return {
  name = "tamper_action",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    action.noop = function() return {} end
  end,
}
