-- emits the topic it listens to
-- expect: OK
local action = require "orrery.action"
return { name = "emit_self", vault_id = "v", triggers = { { kind = "manual" }, { kind = "event", topic = "self" } },
  decide = function() return { action.emit { topic = "self", payload = 1 }, action.emit { topic = "self", payload = 2 } } end }
