-- 64 emits to itself and its twin, which does the same
-- expect: OK
-- fires: 1
local action = require "orrery.action"
return { name = "emit_fan_a", vault_id = "v", triggers = { { kind = "manual" }, { kind = "event", topic = "fan.b" } },
  decide = function(ctx) local t = {} for i = 1, 6 do t[i] = action.emit { topic = "fan.a", payload = { i = i } } end return t end }
