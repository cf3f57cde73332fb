-- expect: DEADLINE
-- print for ever
local action = require "orrery.action"
return {
  name = "time_print_storm",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    while true do print(("x"):rep(5000)) end
  end,
}
