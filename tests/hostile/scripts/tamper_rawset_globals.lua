-- expect: SCRIPT
-- says: _G is read-only
-- rawset on the globals
local action = require "orrery.action"
return {
  name = "tamper_rawset_globals",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    rawset(_G, "print", nil)
  end,
}
