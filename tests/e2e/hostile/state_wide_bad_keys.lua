-- a graph of tables whose bad keys cost nothing to read
-- expect: SCRIPT or DEADLINE or KILL
local action = require "orrery.action"

return {
  name = "state_wide_bad_keys", vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local leaf = {}
    for i = 1, 3000 do leaf[function() return i end] = 1 end
    local t = leaf
    for _ = 1, 13 do t = { a = t, b = t } end
    ctx.state:set("k", t)
  end,
}
