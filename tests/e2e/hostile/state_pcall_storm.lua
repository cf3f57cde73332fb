-- refused writes in a loop until the time is up
-- expect: DEADLINE or OK
local action = require "orrery.action"

return {
  name = "state_pcall_storm", vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local s = ctx.state
    for i = 1, 200000 do pcall(s.set, s, "k" .. i % 5000, print) end
    return action.noop("x")
  end,
}
