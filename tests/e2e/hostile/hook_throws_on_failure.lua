-- decide and both hooks throw
-- expect: SCRIPT
-- says: in decide
-- fires: 2
local action = require "orrery.action"

return {
  name = "hook_throws_on_failure", vault_id = "v",
  triggers = { { kind = "manual" } },
  on_executed = function(ctx) error(ctx) end,
  on_error = function(ctx, e) ctx.state:set("saw", e.phase .. ": " .. e.message) error("\27[2J") end,
  decide = function(ctx)
    error("thrown in decide")
  end,
}
