-- a hook that floods the log and the state
-- expect: OK
-- fires: 2
local action = require "orrery.action"

return {
  name = "log_in_hook_storm", vault_id = "v",
  triggers = { { kind = "manual" } },
  on_executed = function(ctx)
    for i = 1, 1000 do ctx.log:error(("\27[31m"):rep(100), { i = ("\7"):rep(300) }) end
    for i = 1, 5000 do pcall(ctx.state.set, ctx.state, "h" .. i, i) end
  end,
  decide = function(ctx)
    return action.noop(#ctx.state:keys() .. " keys")
  end,
}
