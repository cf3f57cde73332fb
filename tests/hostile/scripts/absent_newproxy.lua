-- expect: OK
-- newproxy does not exist
local action = require "orrery.action"
return {
  name = "absent_newproxy",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    assert(newproxy == nil and _G.newproxy == nil) return action.noop("contained")
  end,
}
