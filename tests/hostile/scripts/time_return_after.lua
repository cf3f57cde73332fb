-- expect: DEADLINE
-- the script comes back with a good answer, too late, through a deadline it tried to catch
local action = require "orrery.action"
return {
  name = "time_return_after",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    pcall(function() while true do end end)
    return action.noop("late")
  end,
}
