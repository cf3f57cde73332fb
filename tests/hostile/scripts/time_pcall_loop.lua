-- expect: DEADLINE
-- pcall catches the deadline again and again
local action = require "orrery.action"
return {
  name = "time_pcall_loop",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    while true do pcall(function() while true do end end) end
  end,
}
