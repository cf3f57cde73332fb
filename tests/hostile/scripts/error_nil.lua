-- expect: SCRIPT
-- says: error object is a nil
-- nil as an error
local action = require "orrery.action"
return {
  name = "error_nil",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    error(nil)
  end,
}
