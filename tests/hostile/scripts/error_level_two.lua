-- expect: SCRIPT
-- says: blame
-- an error that blames the host
local action = require "orrery.action"
return {
  name = "error_level_two",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    error("blame", 2)
  end,
}
