-- a kind full of terminal control
-- expect: SCRIPT_RESULT
-- says: kind
local action = require "orrery.action"

return {
  name = "ret_kind_control", vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    return { kind = "\27[2J\r\u{202e}", reason = "x" }
  end,
}
