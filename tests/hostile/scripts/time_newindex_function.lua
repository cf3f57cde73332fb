-- expect: DEADLINE
-- a __newindex function that never returns
local action = require "orrery.action"
return {
  name = "time_newindex_function",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local t = setmetatable({}, {__newindex = function() while true do end end}) t.x = 1
  end,
}
