-- expect: SCRIPT
-- says: \x1b
-- a message that acts on a terminal
local action = require "orrery.action"
return {
  name = "error_control",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    error("\27[2J\27]0;owned\7\0\r\n\xff", 0)
  end,
}
