-- orrery.array on what is no array
-- expect: OK
local action = require "orrery.action"

return {
  name = "state_array_misused", vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local orrery = require "orrery"
    local s = ctx.state
    for _, v in ipairs { 1, "x", true, print, ctx, setmetatable({}, {}), string, action } do
      local ok, e = pcall(orrery.array, v)
      assert(not ok and e:find("orrery.array: expected", 1, true), e)
    end
    for _, v in ipairs { { x = 1 }, { 1, nil, 3 }, { [0] = 1 }, { [2^53] = 1 }, { 1, x = 1 } } do
      local ok, e = pcall(s.set, s, "k", orrery.array(v))
      assert(not ok and e:find("expected", 1, true), e)
    end
    local a = orrery.array { 1 }
    a.x = 1
    assert(not pcall(s.set, s, "k", a))
    assert(orrery.array(orrery.array(orrery.array())) and not pcall(setmetatable, orrery.array(), {}))
    local self = orrery.array()
    self[1] = self
    local ok, e = pcall(s.set, s, "k", self)
    assert(not ok and e:find("cycle", 1, true), e)
    return action.noop("x")
  end,
}
