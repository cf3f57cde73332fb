-- a graph of 2^40 paths as a payload
-- expect: SCRIPT_RESULT or DEADLINE or KILL
-- says: expected
local action = require "orrery.action"

return {
  name = "ret_payload_graph", vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local t = { 1 }
    for _ = 1, 30 do t = { t, t } end
    return { kind = "emit", topic = "none", payload = t }
  end,
}
