-- get() of a large value when the heap is full, caught and repeated
-- expect: MEMORY or OK or DEADLINE
local action = require "orrery.action"

return {
  name = "state_get_at_the_brim", vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local t = {}
    for i = 1, 15000 do t[i] = {} end
    ctx.state:set("k", t)
    local held = {}
    for i = 1, 1000 do
      local ok = pcall(function() held[i] = ctx.state:get("k") end)
      if not ok and i > 100 then break end
    end
    return action.noop("x")
  end,
}
