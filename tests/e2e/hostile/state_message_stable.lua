-- one error of many: the same message at each run
-- expect: SCRIPT
-- says: z1
-- fires: 3
local action = require "orrery.action"

return {
  name = "state_message_stable", vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local t = {}
    for i = 100, 1, -1 do t["z" .. i] = print end
    ctx.state:set("k", t)
  end,
}
