-- expect: DEADLINE
-- an endless loop
local action = require "orrery.action"
return {
  name = "time_plain_loop",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    while true do end
  end,
}
