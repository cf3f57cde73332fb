-- expect: OK
-- the metatable is exchanged inside its own metamethod
local action = require "orrery.action"
return {
  name = "meta_swap_while_running",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local a, b = {}, {} local t = setmetatable({}, a) a.__index = function(x) setmetatable(x, b) return 1 end b.__index = function(x) setmetatable(x, a) return 2 end setmetatable({}, a) setmetatable({}, b) setmetatable(t, a) for i = 1, 1000 do local _ = t.x end return action.noop("contained")
  end,
}
