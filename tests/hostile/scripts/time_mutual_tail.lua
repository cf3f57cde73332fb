-- expect: DEADLINE
-- two functions that tail-call each other
local action = require "orrery.action"
return {
  name = "time_mutual_tail",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local g local function f() return g() end function g() return f() end return f()
  end,
}
