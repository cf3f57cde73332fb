-- expect: OK
-- getfenv does not exist
local action = require "orrery.action"
return {
  name = "absent_getfenv",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    assert(getfenv == nil and _G.getfenv == nil) return action.noop("contained")
  end,
}
