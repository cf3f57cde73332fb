-- expect: OK
-- package does not exist
local action = require "orrery.action"
return {
  name = "absent_package",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    assert(package == nil and _G.package == nil) return action.noop("contained")
  end,
}
