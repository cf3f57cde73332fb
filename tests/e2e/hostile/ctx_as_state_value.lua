-- ctx and everything in it as a value of ctx.state
-- expect: OK
local action = require "orrery.action"

return {
  name = "ctx_as_state_value", vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local s = ctx.state
    for name, v in pairs { ctx = ctx, state = s, log = ctx.log, get = s.get, wrapped = { { ctx } } } do
      local ok, e = pcall(s.set, s, name, v)
      assert(not ok and e:find('ctx.state:set("' .. name, 1, true) and e:find("expected", 1, true) and e:find("got", 1, true), e)
    end
    s:set("market", ctx.market)
    s:set("vault", ctx.vault)
    s:set("closures", ctx.lifecycle.closures)
    assert(#s:keys() == 3)
    return action.noop("x")
  end,
}
