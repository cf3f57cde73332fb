-- expect: DEADLINE
-- __call loops
local action = require "orrery.action"
return {
  name = "time_call_metamethod",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local t = setmetatable({}, {__call = function() while true do end end}) t()
  end,
}
