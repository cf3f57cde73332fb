-- expect: SCRIPT
-- says: not enough memory
-- a message that says out of memory
local action = require "orrery.action"
return {
  name = "error_memory_fake",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    error("not enough memory", 0)
  end,
}
