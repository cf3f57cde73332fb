-- expect: DEADLINE
-- __add loops
local action = require "orrery.action"
return {
  name = "time_arith_metamethod",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    return setmetatable({}, {__add = function() while true do end end}) + 1
  end,
}
