-- ctx's fields read in a storm of protected calls that throw ctx
-- expect: OK or DEADLINE
local action = require "orrery.action"

return {
  name = "state_bindings_of_ctx_in_pcall_storm", vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    for i = 1, 20000 do pcall(function() error(ctx.market) end) pcall(error, ctx) pcall(function() return ctx.nosuch end) end
    return action.noop("x")
  end,
}
