-- expect: DEADLINE
-- stack overflows caught for ever
local action = require "orrery.action"
return {
  name = "time_stack_errors",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local function f() return 1 + f() end while true do pcall(f) end
  end,
}
