-- expect: SCRIPT
-- says: string is read-only
-- string.rep = nil
local action = require "orrery.action"
return {
  name = "tamper_string_rep",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    string.rep = nil
  end,
}
