-- expect: DEADLINE
-- table.concat of a long table for ever
local action = require "orrery.action"
return {
  name = "time_concat_table_storm",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local t = {} for i = 1, 16000 do t[i] = i end while true do table.concat(t, ",") end
  end,
}
