-- expect: DEADLINE
-- __index functions that keep looking, in a loop
local action = require "orrery.action"
return {
  name = "time_index_recursion",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local t = setmetatable({}, {})
    setmetatable(t, {__index = function(_, k) return pcall(function() return t[k + 1] end) end})
    while true do pcall(function() return t[1] end) end
  end,
}
