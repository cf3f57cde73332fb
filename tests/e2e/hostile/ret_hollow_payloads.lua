-- results that take long to read after decide has ended
-- expect: SCRIPT_RESULT or DEADLINE or KILL
local action = require "orrery.action"

return {
  name = "ret_hollow_payloads", vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local hollow = {}
    for i = 1, 4000 do hollow["k" .. i] = 1 end
    for i = 1, 4000 do hollow["k" .. i] = nil end
    local list, t = {}, {}
    for i = 1, 5000 do list[i] = hollow end
    for i = 1, 64 do t[i] = { kind = "emit", topic = "none", payload = list } end
    t[65] = nil
    return t
  end,
}
