-- tables with hundreds of keys, values and state keys: sorting them must not need the system
-- expect: OK
-- fires: 2
local action = require "orrery.action"

return {
  name = "state_many_members", vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local t = {}
    for i = 1, 900 do t["member" .. i] = { ["k" .. i] = i } end
    ctx.state:set("t", t)
    for i = 1, 600 do ctx.state:set("key" .. i, i) end
    assert(#ctx.state:keys() == 601 and ctx.state:get("t").member900.k900 == 900)
    ctx.log:info("many", t)
    return action.emit { topic = "many", payload = t.member7 }
  end,
}
