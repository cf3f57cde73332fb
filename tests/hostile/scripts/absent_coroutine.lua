-- expect: OK
-- coroutine does not exist
local action = require "orrery.action"
return {
  name = "absent_coroutine",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    assert(coroutine == nil and _G.coroutine == nil) return action.noop("contained")
  end,
}
