-- expect: OK
-- os does not exist
local action = require "orrery.action"
return {
  name = "absent_os",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    assert(os == nil and _G.os == nil) return action.noop("contained")
  end,
}
