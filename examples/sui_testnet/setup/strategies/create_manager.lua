-- create-manager: makes a PredictManager, once. What it remembers is committed with the bytes that are sent.
local action = require "orrery.action"

return {
  name = "create-manager",
  vault_id = "setup",
  params = { target = { type = "string", description = "of the call" } },
  triggers = { { kind = "cron", every_seconds = 2 }, { kind = "manual" } },

  decide = function(ctx)
    if ctx.state:get_or_default("made", false) then
      return action.noop("it was made")
    end
    ctx.state:set("made", true)
    return action.call { target = ctx.params.target }
  end,

  on_error = function(ctx)
    ctx.state:delete("made")
  end,
}
