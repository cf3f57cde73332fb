-- the twin of emit_fan_a
-- expect: OK
local action = require "orrery.action"
return { name = "emit_fan_b", vault_id = "v", triggers = { { kind = "manual" }, { kind = "event", topic = "fan.a" } },
  decide = function(ctx) return action.noop("heard " .. tostring(ctx.trigger.payload and ctx.trigger.payload.i)) end }
