-- expect: SCRIPT
-- says: string is read-only
-- rawset around the protection
local action = require "orrery.action"
return {
  name = "tamper_rawset",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    rawset(string, "rep", nil)
  end,
}
