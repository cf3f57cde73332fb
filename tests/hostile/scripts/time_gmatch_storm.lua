-- expect: DEADLINE
-- gmatch for ever
local action = require "orrery.action"
return {
  name = "time_gmatch_storm",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    while true do for w in ("a b c"):gmatch("%a") do end end
  end,
}
