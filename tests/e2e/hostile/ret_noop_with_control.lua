-- a reason full of terminal control, kept apart from the terminal
-- expect: OK
-- fires: 2
local action = require "orrery.action"

return {
  name = "ret_noop_with_control", vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    return action.noop("\27[2J\27]0;x\7\r\n\u{9b}31m\u{202e}abc")
  end,
}
