-- expect: DEADLINE
-- closures made for ever
local action = require "orrery.action"
return {
  name = "time_closure_storm",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    while true do local x = function() return x end end
  end,
}
