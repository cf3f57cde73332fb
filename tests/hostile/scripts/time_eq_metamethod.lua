-- expect: DEADLINE
-- __eq loops
local action = require "orrery.action"
return {
  name = "time_eq_metamethod",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local m = {__eq = function() while true do end end} return setmetatable({}, m) == setmetatable({}, m)
  end,
}
