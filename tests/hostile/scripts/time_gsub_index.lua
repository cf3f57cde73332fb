-- expect: DEADLINE
-- the replacement table of gsub has a looping __index
local action = require "orrery.action"
return {
  name = "time_gsub_index",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    return ("abc"):gsub(".", setmetatable({}, {__index = function() while true do end end}))
  end,
}
