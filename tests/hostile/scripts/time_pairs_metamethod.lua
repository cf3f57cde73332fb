-- expect: DEADLINE
-- __pairs loops
local action = require "orrery.action"
return {
  name = "time_pairs_metamethod",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    for _ in pairs(setmetatable({}, {__pairs = function() while true do end end})) do end
  end,
}
