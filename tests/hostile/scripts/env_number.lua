-- expect: SCRIPT
-- says: attempt to index
-- _ENV set to a number
local action = require "orrery.action"
return {
  name = "env_number",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local _ENV = 5 x = 1
  end,
}
