-- expect: DEADLINE
-- memory errors caught for ever
local action = require "orrery.action"
return {
  name = "time_memory_errors",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    while true do pcall(function() local s = ("x"):rep(200000) local t = {} while true do t[#t + 1] = s .. #t end end) end
  end,
}
