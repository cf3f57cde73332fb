-- expect: OK
-- NaN has no place in any order
local action = require "orrery.action"
return {
  name = "sort_nan",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local t = {3, 0/0, 1, 0/0, 2} table.sort(t) assert(#t == 5) return action.noop("contained")
  end,
}
