-- expect: OK or MEMORY or DEADLINE
-- adding during the walk
local action = require "orrery.action"
return {
  name = "iter_grow",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local t = {a = 1} local n = 0 for k in pairs(t) do n = n + 1 t[n] = n t["k" .. n] = n end assert(n < 10) return action.noop("contained")
  end,
}
