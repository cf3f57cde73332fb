-- expect: SCRIPT
-- says: must be a string
-- a global whose name is no string
local action = require "orrery.action"
return {
  name = "tamper_global_key",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    _G[{}] = 1
  end,
}
