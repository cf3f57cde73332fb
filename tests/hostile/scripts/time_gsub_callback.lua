-- expect: DEADLINE
-- the replacement function of gsub loops
local action = require "orrery.action"
return {
  name = "time_gsub_callback",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    return ("abc"):gsub(".", function() while true do end end)
  end,
}
