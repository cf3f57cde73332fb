-- expect: OK
-- dofile does not exist
local action = require "orrery.action"
return {
  name = "absent_dofile",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    assert(dofile == nil and _G.dofile == nil) return action.noop("contained")
  end,
}
