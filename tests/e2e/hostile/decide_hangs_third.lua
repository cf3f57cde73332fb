-- hangs at its third tick only
-- expect: OK or DEADLINE
-- fires: 4
local action = require "orrery.action"
local n = 0

return {
  name = "decide_hangs_third", vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    n = n + 1
    while n == 3 do end
    return action.noop("n=" .. n)
  end,
}
