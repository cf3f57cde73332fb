-- a field's name full of terminal control
-- expect: SCRIPT
-- says: ctx has no field
local action = require "orrery.action"

return {
  name = "ctx_control_field", vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    return ctx["\27[2J\27]0;owned\7\r\n\u{202e}\u{9b}31m" .. ("\0"):rep(50)]
  end,
}
