-- expect: DEADLINE
-- a tower of pcalls, each of which would swallow the error
local action = require "orrery.action"
return {
  name = "time_nested_pcall",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local function tower(n)
      if n == 0 then while true do end end
      pcall(tower, n - 1)
      while true do end
    end
    while true do pcall(tower, 50) end
  end,
}
