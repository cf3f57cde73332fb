-- expect: OK
-- loadstring does not exist
local action = require "orrery.action"
return {
  name = "absent_loadstring",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    assert(loadstring == nil and _G.loadstring == nil) return action.noop("contained")
  end,
}
