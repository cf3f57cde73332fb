-- expect: DEADLINE
-- sorting long strings that differ at the end
local action = require "orrery.action"
return {
  name = "time_sort_slow_strings",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local t, base = {}, ("x"):rep(200000)
    for i = 1, 40 do t[i] = base .. i end
    local order = {}
    for i = 1, 16000 do order[i] = t[i % 40 + 1] end
    while true do table.sort(order) end
  end,
}
