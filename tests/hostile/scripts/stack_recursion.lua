-- expect: MEMORY
-- says: call stack
-- recursion without end outgrows the call stack
local action = require "orrery.action"
return {
  name = "stack_recursion",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local function f() return 1 + f() end return f()
  end,
}
