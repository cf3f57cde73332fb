-- expect: OK
-- warn does not exist
local action = require "orrery.action"
return {
  name = "absent_warn",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    assert(warn == nil and _G.warn == nil) return action.noop("contained")
  end,
}
