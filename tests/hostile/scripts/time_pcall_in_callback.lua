-- expect: DEADLINE
-- pcall inside a gsub callback inside a comparator
local action = require "orrery.action"
return {
  name = "time_pcall_in_callback",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    while true do pcall(table.sort, {2, 1}, function() ("x"):gsub("x", function() pcall(function() while true do end end) end) return true end) end
  end,
}
