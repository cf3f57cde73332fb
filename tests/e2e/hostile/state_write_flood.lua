-- 8 MiB written, over and over, in one run
-- expect: OK or DEADLINE
local action = require "orrery.action"

return {
  name = "state_write_flood", vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local s = ctx.state
    local big, n, why = ("x"):rep(60000), 0, nil
    for i = 1, 300 do
      local ok, e = pcall(s.set, s, "k" .. i, big)
      if not ok then why = e break end
      n = i
    end
    assert(n > 100 and why:find("expected at most", 1, true), why)
    for i = 1, 300 do pcall(s.set, s, "k1", big .. i) end
    for i = 1, n do s:delete("k" .. i) end
    assert(#s:keys() == 0)
    return action.noop("x")
  end,
}
