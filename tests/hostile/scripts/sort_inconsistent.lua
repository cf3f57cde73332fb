-- expect: OK
-- comparators that contradict themselves
local action = require "orrery.action"
return {
  name = "sort_inconsistent",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local t = {} for i = 1, 500 do t[i] = i * 7 % 31 end table.sort(t, function() return true end) table.sort(t, function() return math.random() < 0.5 end) table.sort(t, function(a, b) return a <= b end) assert(#t == 500) return action.noop("contained")
  end,
}
