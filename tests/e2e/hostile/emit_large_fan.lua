-- one run that would write megabytes of payloads for others to hear
-- expect: OK
-- fires: 2
local action = require "orrery.action"
return { name = "emit_large_fan", vault_id = "v",
  triggers = { { kind = "manual" }, { kind = "event", topic = "large", }, { kind = "event", topic = "other" } },
  decide = function(ctx)
    if ctx.trigger.kind == "event" then return action.noop("heard") end
    local t = {}
    for i = 1, 64 do t[i] = action.emit { topic = i % 2 == 0 and "large" or "other", payload = ("x"):rep(16000) } end
    return t
  end }
