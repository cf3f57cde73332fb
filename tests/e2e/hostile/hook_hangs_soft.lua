-- a hook that never ends by itself
-- expect: OK
-- fires: 2
local action = require "orrery.action"

return {
  name = "hook_hangs_soft", vault_id = "v",
  triggers = { { kind = "manual" } },
  on_executed = function(ctx) ctx.state:set("ghost", 1) while true do pcall(function() while true do end end) end end,
  decide = function(ctx)
    assert(not ctx.state:has("ghost"), "a stopped hook's writes are taken back")
    return action.noop("x")
  end,
}
