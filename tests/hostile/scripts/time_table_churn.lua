-- expect: DEADLINE
-- filling and emptying one table for ever
local action = require "orrery.action"
return {
  name = "time_table_churn",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local t = {} while true do for i = 1, 5000 do t[i] = i end for i = 1, 5000 do t[i] = nil end end
  end,
}
