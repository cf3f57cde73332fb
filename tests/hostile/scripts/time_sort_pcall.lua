-- expect: DEADLINE
-- sorting again and again, errors caught
local action = require "orrery.action"
return {
  name = "time_sort_pcall",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    while true do pcall(table.sort, {3, 2, 1}, function() while true do end end) end
  end,
}
