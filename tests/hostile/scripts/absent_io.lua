-- expect: OK
-- io does not exist
local action = require "orrery.action"
return {
  name = "absent_io",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    assert(io == nil and _G.io == nil) return action.noop("contained")
  end,
}
