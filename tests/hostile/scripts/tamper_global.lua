-- expect: SCRIPT
-- says: global 'counter'
-- an accidental global
local action = require "orrery.action"
return {
  name = "tamper_global",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    counter = 1
  end,
}
