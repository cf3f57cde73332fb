-- expect: SCRIPT
-- says: attempt to index
-- _ENV set to nil
local action = require "orrery.action"
return {
  name = "env_nil",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local _ENV = nil return x
  end,
}
