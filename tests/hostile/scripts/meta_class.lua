-- expect: OK
-- ordinary class code works
local action = require "orrery.action"
return {
  name = "meta_class",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local Base = {} Base.__index = Base
    function Base.new(n) return setmetatable({n = n}, Base) end
    function Base:get() return self.n end
    Base.__add = function(a, b) return Base.new(a.n + b.n) end
    Base.__eq = function(a, b) return a.n == b.n end
    Base.__tostring = function(a) return "Base(" .. a.n .. ")" end
    local Derived = setmetatable({}, {__index = Base, __call = function(c, n) return setmetatable({n = n}, c) end})
    Derived.__index = Derived
    function Derived:twice() return self:get() * 2 end
    local a, b = Base.new(1), Base.new(2)
    assert((a + b):get() == 3 and a ~= b and a + a == b and tostring(a) == "Base(1)")
    assert(Derived(4):twice() == 8 and getmetatable(a) == Base)
    return action.noop("contained")
  end,
}
