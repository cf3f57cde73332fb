-- expect: DEADLINE
-- __lt loops inside table.sort
local action = require "orrery.action"
return {
  name = "time_lt_metamethod",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local m = {__lt = function() while true do end end} table.sort({setmetatable({}, m), setmetatable({}, m)})
  end,
}
