-- expect: OK
-- load does not exist
local action = require "orrery.action"
return {
  name = "absent_load",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    assert(load == nil and _G.load == nil) return action.noop("contained")
  end,
}
