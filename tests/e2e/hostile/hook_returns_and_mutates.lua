-- hooks that change what they are given and return rubbish
-- expect: OK
-- fires: 3
local action = require "orrery.action"

return {
  name = "hook_returns_and_mutates", vault_id = "v",
  triggers = { { kind = "manual" } },
  on_executed = function(ctx, result)
    result.outcome, result.error, result[1] = "submitted", ctx, result
    setmetatable(result, { __index = ctx })
    return ctx, result, print
  end,
  decide = function(ctx)
    if ctx.last then assert(ctx.last.outcome == "noop") end
    return action.noop("x")
  end,
}
