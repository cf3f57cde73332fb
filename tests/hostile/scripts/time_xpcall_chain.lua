-- expect: DEADLINE
-- handlers that call xpcall with handlers
local action = require "orrery.action"
return {
  name = "time_xpcall_chain",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local function again() xpcall(error, again) end
    while true do pcall(again) end
  end,
}
