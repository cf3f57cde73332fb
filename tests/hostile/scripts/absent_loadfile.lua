-- expect: OK
-- loadfile does not exist
local action = require "orrery.action"
return {
  name = "absent_loadfile",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    assert(loadfile == nil and _G.loadfile == nil) return action.noop("contained")
  end,
}
