-- expect: DEADLINE
-- endless tail calls grow no stack
local action = require "orrery.action"
return {
  name = "time_tail_call",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local function f() return f() end return f()
  end,
}
