-- expect: MEMORY
-- collecting errors with large messages
local action = require "orrery.action"
return {
  name = "mem_captured_errors",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local t = {} while true do local _, e = pcall(error, ("x"):rep(200000) .. #t) t[#t + 1] = e end
  end,
}
