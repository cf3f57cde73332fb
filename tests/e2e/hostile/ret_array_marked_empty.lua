-- a marked array of nothing
-- expect: SCRIPT_RESULT
-- says: empty
local action = require "orrery.action"

return {
  name = "ret_array_marked_empty", vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    return require("orrery").array()
  end,
}
