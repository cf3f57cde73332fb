-- expect: RESULT or OK
-- four thousand results
local action = require "orrery.action"
return {
  name = "result_many_values",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local t = {} for i = 1, 4000 do t[i] = i end return table.unpack(t)
  end,
}
