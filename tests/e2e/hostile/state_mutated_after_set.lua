-- the value changes after set and after get
-- expect: OK
-- fires: 3
local action = require "orrery.action"

return {
  name = "state_mutated_after_set", vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local s = ctx.state
    local inner = { 1 }
    local t = { inner, inner, { inner } }
    s:set("k", t)
    t[1][1] = "changed"
    t[4] = t
    local got = s:get("k")
    assert(got[1][1] == 1 and got[4] == nil and got[3][1][1] == 1)
    got[1] = print
    assert(s:get("k")[1][1] == 1)
    got = s:get_or_default("nothing", t)
    assert(got == t)
    return action.noop("x")
  end,
}
