-- expect: DEADLINE
-- pairs over long keys with a common beginning, for ever
local action = require "orrery.action"
return {
  name = "time_equal_keys",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local t, base = {}, ("x"):rep(100000) for i = 1, 60 do t[base .. i] = i end while true do for k in pairs(t) do end end
  end,
}
