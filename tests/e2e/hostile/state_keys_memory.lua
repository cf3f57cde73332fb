-- keys() of thousands of long keys, in a loop
-- expect: OK or MEMORY or DEADLINE
local action = require "orrery.action"

return {
  name = "state_keys_memory", vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    for i = 1, 4000 do ctx.state:set(("k"):rep(240) .. i, 1) end
    local kept = {}
    for i = 1, 20 do kept[i] = ctx.state:keys() end
    return action.noop("x")
  end,
}
