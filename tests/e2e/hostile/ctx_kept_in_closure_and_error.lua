-- an error object carries ctx out of the tick
-- expect: SCRIPT
-- says: error object is a userdata value
-- fires: 2
local action = require "orrery.action"

return {
  name = "ctx_kept_in_closure_and_error", vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    error(ctx)
  end,
}
