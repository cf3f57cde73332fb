-- expect: SCRIPT
-- says: /etc/passwd:1: root
-- a message that pretends to come from another file
local action = require "orrery.action"
return {
  name = "error_fake_position",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    error("/etc/passwd:1: root", 0)
  end,
}
