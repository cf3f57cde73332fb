-- expect: DEADLINE
-- string.rep for ever
local action = require "orrery.action"
return {
  name = "time_rep_storm",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    while true do local _ = ("ab"):rep(50000, ",") end
  end,
}
