-- expect: DEADLINE
-- pairs() snapshots for ever
local action = require "orrery.action"
return {
  name = "time_pairs_storm",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local t = {} for i = 1, 2000 do t["k" .. i] = i end while true do for k in pairs(t) do end end
  end,
}
