-- writes before a throw are kept
-- expect: SCRIPT
-- says: n=
local action = require "orrery.action"

return {
  name = "state_keep_on_throw", vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    ctx.state:set("n", ctx.state:get_or_default("n", 0) + 1)
    error("after n=" .. ctx.state:get("n"))
  end,
}
