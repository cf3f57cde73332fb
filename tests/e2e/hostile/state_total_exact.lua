-- 8 MiB of state, and one byte more, over ticks
-- expect: OK
-- fires: 8
local action = require "orrery.action"

return {
  name = "state_total_exact", vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local s = ctx.state
    local value = ("x"):rep(65534)
    local ok, e
    local n = s:get_or_default("n", 0)
    for _ = 1, 40 do
      ok, e = pcall(s.set, s, ("k%03d"):format(n), value)
      if not ok then break end
      n = n + 1
    end
    if ok then
      s:set("n", n)
    else
      assert(e:find("8388608 bytes of state", 1, true), e)
      assert(n >= 127, n)
      s:delete("k000")
      s:set("again", value)
      assert(not pcall(s.set, s, "more", value))
      s:delete("again")
      s:set("k000", value)
    end
    return action.noop("n=" .. n)
  end,
}
