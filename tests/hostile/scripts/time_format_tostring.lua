-- expect: DEADLINE
-- __tostring loops when string.format is called
local action = require "orrery.action"
return {
  name = "time_format_tostring",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    return ("%s"):format(setmetatable({}, {__tostring = function() while true do end end}))
  end,
}
