-- expect: SCRIPT
-- says: error object
-- ctx itself as the error
local action = require "orrery.action"
return {
  name = "error_userdata_like",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    error(ctx)
  end,
}
