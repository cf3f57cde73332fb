-- expect: SCRIPT
-- says: attempt to perform arithmetic
-- an arithmetic error
local action = require "orrery.action"
return {
  name = "error_runtime",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    return 1 + nil
  end,
}
