-- expect: OK
-- __add, __lt and __index that grow the stack
local action = require "orrery.action"
return {
  name = "meta_grow_in_arith",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local function grow(n) if n == 0 then return 0 end return 1 + grow(n - 1) end local m = {__add = function() return grow(1500) end, __lt = function() return grow(1500) > 0 end, __index = function() return grow(1500) end, __len = function() return grow(1500) end, __eq = function() return grow(1500) > 0 end, __call = function() return grow(1500) end, __unm = function() return grow(1500) end} local a, b = setmetatable({}, m), setmetatable({}, m) for i = 1, 20 do local _ = a + b, a < b, a.x, #a, a == b, a(), -a end return action.noop("contained")
  end,
}
