-- expect: MEMORY or DEADLINE
-- closures that hold one another
local action = require "orrery.action"
return {
  name = "mem_linked_closures",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local f = function() end while true do local g = f f = function() return g end end
  end,
}
