-- expect: OK
-- debug does not exist
local action = require "orrery.action"
return {
  name = "absent_debug",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    assert(debug == nil and _G.debug == nil) return action.noop("contained")
  end,
}
