-- expect: SCRIPT
-- says: error object is a function
-- a function as an error
local action = require "orrery.action"
return {
  name = "error_function",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    error(print)
  end,
}
