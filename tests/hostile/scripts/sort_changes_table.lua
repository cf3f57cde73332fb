-- expect: OK
-- a comparator that empties the table it sorts
local action = require "orrery.action"
return {
  name = "sort_changes_table",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local t = {5, 4, 3, 2, 1} table.sort(t, function(a, b) for i = 1, 5 do t[i] = nil end return a < b end) assert(#t == 5 and t[1] == 1) return action.noop("contained")
  end,
}
