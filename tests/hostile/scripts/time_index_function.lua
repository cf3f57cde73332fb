-- expect: DEADLINE
-- an __index function that never returns
local action = require "orrery.action"
return {
  name = "time_index_function",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local t = setmetatable({}, {__index = function() while true do end end}) return t.x
  end,
}
