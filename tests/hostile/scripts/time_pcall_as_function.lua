-- expect: DEADLINE
-- pcall(pcall, ...) hides the loop behind C frames
local action = require "orrery.action"
return {
  name = "time_pcall_as_function",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    while true do pcall(pcall, pcall, function() while true do end end) end
  end,
}
