-- expect: DEADLINE
-- new keys for ever, old ones dropped
local action = require "orrery.action"
return {
  name = "time_key_churn",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local t, n = {}, 0 while true do n = n + 1 t["k" .. n] = n t["k" .. n - 100] = nil end
  end,
}
