-- expect: SCRIPT
-- says: global 'counter'
-- a global through _G
local action = require "orrery.action"
return {
  name = "tamper_global_by_g",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    _G.counter = 1
  end,
}
