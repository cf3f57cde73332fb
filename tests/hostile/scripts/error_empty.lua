-- expect: SCRIPT
-- an empty message
local action = require "orrery.action"
return {
  name = "error_empty",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    error("", 0)
  end,
}
