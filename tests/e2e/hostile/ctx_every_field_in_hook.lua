-- each field of ctx inside a hook
-- expect: OK
-- fires: 3
local action = require "orrery.action"

return {
  name = "ctx_every_field_in_hook", vault_id = "v",
  triggers = { { kind = "manual" } },
  on_executed = function(ctx, result)
    local seen = {}
    for _, f in ipairs { "now", "vault", "market", "state", "log", "trigger", "params", "last", "lifecycle", "run_id", "dry_run" } do
      local ok, v = pcall(function() return ctx[f] end)
      seen[f] = ok and type(v) or ("! " .. v)
    end
    ctx.state:set("seen", seen)
  end,
  decide = function(ctx)
    local seen = ctx.state:get("seen")
    for k, v in pairs(seen or {}) do assert(not v:find("!", 1, true), k .. v) end
    return action.noop("x")
  end,
}
