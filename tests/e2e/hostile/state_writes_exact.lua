-- 4096 keys in one run, and one more
-- expect: OK
local action = require "orrery.action"

return {
  name = "state_writes_exact", vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local s = ctx.state
    for i = 1, 4096 do s:set("k" .. i, i) end
    local ok, e = pcall(s.set, s, "more", 1)
    assert(not ok and e:find("4096 keys", 1, true), e)
    ok, e = pcall(s.delete, s, "never there")
    assert(ok, e)
    s:set("k1", 2)
    s:delete("k2")
    assert(#s:keys() == 4095)
    return action.noop("x")
  end,
}
