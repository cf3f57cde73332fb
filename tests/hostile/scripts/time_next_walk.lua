-- expect: DEADLINE
-- next() over a large table, which is slow, for ever
local action = require "orrery.action"
return {
  name = "time_next_walk",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local t = {}
    for i = 1, 8000 do t["k" .. i] = i end
    while true do for k in next, t do end end
  end,
}
