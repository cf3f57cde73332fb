-- a marked array of actions
-- expect: OK
local action = require "orrery.action"

return {
  name = "ret_array_marked", vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    return require("orrery").array { action.noop("x") }
  end,
}
