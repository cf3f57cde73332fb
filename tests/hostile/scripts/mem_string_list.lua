-- expect: MEMORY
-- many large strings
local action = require "orrery.action"
return {
  name = "mem_string_list",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local t = {} while true do t[#t + 1] = ("x"):rep(200000) .. #t end
  end,
}
