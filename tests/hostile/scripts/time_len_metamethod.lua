-- expect: DEADLINE
-- __len loops
local action = require "orrery.action"
return {
  name = "time_len_metamethod",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    return #setmetatable({}, {__len = function() while true do end end})
  end,
}
