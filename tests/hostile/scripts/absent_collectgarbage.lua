-- expect: OK
-- collectgarbage does not exist
local action = require "orrery.action"
return {
  name = "absent_collectgarbage",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    assert(collectgarbage == nil and _G.collectgarbage == nil) return action.noop("contained")
  end,
}
