-- expect: MEMORY
-- one endless array
local action = require "orrery.action"
return {
  name = "mem_table_growth",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local t = {} for i = 1, 1e9 do t[i] = i end
  end,
}
