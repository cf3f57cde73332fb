-- ctx and ctx.state as __index, __newindex, __call and metatables of tables
-- expect: OK
local action = require "orrery.action"

return {
  name = "ctx_index_as_metatable", vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local t = setmetatable({}, { __index = ctx })
    assert(t.now == ctx.now)
    local u = setmetatable({}, { __index = ctx.state, __newindex = ctx.state, __call = ctx.state.get })
    local ok, e = pcall(function() u.x = 1 end)
    assert(not ok, e)
    ok, e = pcall(function() return u.nosuch end)
    assert(not ok and e:find("no method", 1, true), e)
    ok, e = pcall(function() return u("k") end)
    assert(not ok and e:find("colon", 1, true), e)
    ok, e = pcall(setmetatable, {}, ctx)
    assert(not ok, e)
    ok, e = pcall(setmetatable, {}, ctx.state)
    assert(not ok, e)
    return action.noop("x")
  end,
}
