-- expect: DEADLINE
-- large argument lists for ever
local action = require "orrery.action"
return {
  name = "time_varargs",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local t = {} for i = 1, 3000 do t[i] = i end while true do select("#", table.unpack(t)) end
  end,
}
