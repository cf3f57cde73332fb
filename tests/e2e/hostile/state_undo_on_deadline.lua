-- writes of a run that was stopped are taken back
-- expect: DEADLINE
local action = require "orrery.action"

return {
  name = "state_undo_on_deadline", vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    ctx.state:set("ghost", ctx.state:get_or_default("ghost", 0) + 1)
    while true do end
  end,
}
