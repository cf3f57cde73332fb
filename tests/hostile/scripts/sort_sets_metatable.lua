-- expect: OK
-- a comparator that puts a metatable onto the table
local action = require "orrery.action"
return {
  name = "sort_sets_metatable",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local t = {5, 4, 3} table.sort(t, function(a, b) setmetatable(t, {__newindex = function() error("no") end, __index = function() return 1 end}) return a < b end) assert(rawget(t, 1) == 3) return action.noop("contained")
  end,
}
