-- expect: DEADLINE
-- xpcall whose handler gives a good answer
local action = require "orrery.action"
return {
  name = "time_xpcall_return",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local _, r = xpcall(function() while true do end end, function() return action.noop("late") end) return r
  end,
}
