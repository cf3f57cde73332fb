-- expect: DEADLINE
-- table.insert at the front of a long table for ever
local action = require "orrery.action"
return {
  name = "time_insert_front",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local t = {} for i = 1, 16000 do t[i] = i end while true do table.insert(t, 1, 0) table.remove(t, 1) end
  end,
}
