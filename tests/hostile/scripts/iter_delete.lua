-- expect: OK
-- deleting everything during the walk
local action = require "orrery.action"
return {
  name = "iter_delete",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local t = {} for i = 1, 100 do t[i] = i t["k" .. i] = i end for k in pairs(t) do t[k] = nil end for k in next, t do t[k] = nil end assert(next(t) == nil) return action.noop("contained")
  end,
}
