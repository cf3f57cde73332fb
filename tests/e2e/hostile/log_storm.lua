-- log lines and prints beyond the limit
-- expect: OK or DEADLINE
local action = require "orrery.action"

return {
  name = "log_storm", vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    for i = 1, 5000 do ctx.log:info("line " .. i, { i = i }) print(i, ctx, i) end
    return action.noop("x")
  end,
}
