-- expect: DEADLINE
-- a comparator that never returns
local action = require "orrery.action"
return {
  name = "time_sort_comparator",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    table.sort({3, 2, 1}, function() while true do end end)
  end,
}
