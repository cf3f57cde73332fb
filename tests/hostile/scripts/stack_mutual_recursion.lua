-- expect: MEMORY
-- says: call stack
-- two functions recurse
local action = require "orrery.action"
return {
  name = "stack_mutual_recursion",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local g local function f() return 1 + g() end function g() return 1 + f() end return f()
  end,
}
