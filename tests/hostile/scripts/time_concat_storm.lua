-- expect: DEADLINE
-- concatenation of garbage for ever
local action = require "orrery.action"
return {
  name = "time_concat_storm",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    while true do local x = ("x"):rep(100000) .. "y" end
  end,
}
