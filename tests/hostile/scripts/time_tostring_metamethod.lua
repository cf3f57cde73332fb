-- expect: DEADLINE
-- __tostring loops when tostring is called
local action = require "orrery.action"
return {
  name = "time_tostring_metamethod",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    return tostring(setmetatable({}, {__tostring = function() while true do end end}))
  end,
}
