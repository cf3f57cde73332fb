-- expect: SCRIPT
-- says: utf8 is read-only
-- utf8.charpattern replaced
local action = require "orrery.action"
return {
  name = "tamper_utf8",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    utf8.charpattern = "."
  end,
}
