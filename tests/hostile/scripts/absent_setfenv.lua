-- expect: OK
-- setfenv does not exist
local action = require "orrery.action"
return {
  name = "absent_setfenv",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    assert(setfenv == nil and _G.setfenv == nil) return action.noop("contained")
  end,
}
