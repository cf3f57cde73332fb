-- expect: DEADLINE
-- __tostring loops when print is called
local action = require "orrery.action"
return {
  name = "time_print_tostring",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    print(setmetatable({}, {__tostring = function() while true do end end}))
  end,
}
