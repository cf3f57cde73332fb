-- expect: SCRIPT
-- says: interval is empty
-- an empty interval
local action = require "orrery.action"
return {
  name = "c_random_abuse",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    return math.random(5, 1)
  end,
}
