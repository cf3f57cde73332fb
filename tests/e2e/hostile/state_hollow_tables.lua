-- thousands of references to an empty table with a large hash
-- expect: OK or DEADLINE or KILL
local action = require "orrery.action"

return {
  name = "state_hollow_tables", vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local hollow = {}
    for i = 1, 4000 do hollow["k" .. i] = 1 end
    for i = 1, 4000 do hollow["k" .. i] = nil end
    local t = {}
    for i = 1, 15000 do t[i] = hollow end
    ctx.state:set("k", t)
    return action.noop("x")
  end,
}
