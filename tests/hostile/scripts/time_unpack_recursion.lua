-- expect: MEMORY or DEADLINE or SCRIPT
-- recursion that carries four thousand values
local action = require "orrery.action"
return {
  name = "time_unpack_recursion",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local big = {} for i = 1, 4000 do big[i] = i end local function f(...) return f(1, ...), f(...) end return f(table.unpack(big))
  end,
}
