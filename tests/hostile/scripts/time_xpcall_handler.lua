-- expect: DEADLINE
-- the message handler of xpcall never ends
local action = require "orrery.action"
return {
  name = "time_xpcall_handler",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    xpcall(error, function() while true do end end)
  end,
}
