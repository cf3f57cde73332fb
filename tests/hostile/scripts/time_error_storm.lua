-- expect: DEADLINE
-- errors with large messages caught for ever
local action = require "orrery.action"
return {
  name = "time_error_storm",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local m = ("x"):rep(100000) while true do pcall(error, m) end
  end,
}
