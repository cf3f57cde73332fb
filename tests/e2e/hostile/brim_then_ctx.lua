-- upvalues fill the heap to the cap, then every field of ctx is asked for
-- expect: MEMORY or OK or DEADLINE
-- fires: 6
local action = require "orrery.action"
local held = {}

return {
  name = "brim_then_ctx", vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    pcall(function() for i = 1, 1e7 do held[#held + 1] = ("x"):rep(900) .. #held end end)
    local fields = { "vault", "market", "last", "lifecycle", "trigger", "state", "log", "params", "run_id", "now" }
    for _ = 1, 50 do for _, f in ipairs(fields) do pcall(function() return ctx[f] end) end end
    pcall(ctx.state.set, ctx.state, "k", { { { 1 } } })
    pcall(ctx.state.keys, ctx.state)
    return action.noop("x")
  end,
}
