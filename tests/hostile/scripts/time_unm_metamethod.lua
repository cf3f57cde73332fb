-- expect: DEADLINE
-- __unm loops
local action = require "orrery.action"
return {
  name = "time_unm_metamethod",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    return -setmetatable({}, {__unm = function() while true do end end})
  end,
}
