-- expect: SCRIPT
-- says: at most 4096
-- string.byte of everything at once
local action = require "orrery.action"
return {
  name = "c_byte_many",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    return ("x"):rep(200000):byte(1, -1)
  end,
}
