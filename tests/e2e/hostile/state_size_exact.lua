-- a value of exactly 64 KiB, and one byte more
-- expect: OK
local action = require "orrery.action"

return {
  name = "state_size_exact", vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local s = ctx.state
    s:set("k", ("x"):rep(65534))
    local ok, e = pcall(s.set, s, "k", ("y"):rep(65535))
    assert(not ok and e:find("65536", 1, true), e)
    assert(s:get("k"):sub(1, 1) == "x", "the old value stays")
    ok, e = pcall(s.set, s, "k", ("\1"):rep(20000))
    assert(not ok and e:find("65536", 1, true), "escapes count: " .. tostring(e))
    s:set("j", ("\1"):rep(10922))
    local t = {}
    for i = 1, 15000 do t[i] = 100 end
    s:set("t", t)
    t[1] = ("x"):rep(6000)
    ok, e = pcall(s.set, s, "t", t)
    assert(not ok and s:get("t")[1] == 100, e)
    return action.noop("x")
  end,
}
