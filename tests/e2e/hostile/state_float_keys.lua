-- float keys that are integers, and mixed ones
-- expect: OK
local action = require "orrery.action"

return {
  name = "state_float_keys", vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local s = ctx.state
    s:set("a", { [1.0] = "x", [2] = "y" })
    assert(#s:get("a") == 2)
    s:set("o", { ["1"] = "x", ["2"] = "y" })
    assert(s:get("o")["1"] == "x" and s:get("o")[1] == nil)
    local ok, e = pcall(s.set, s, "m", { ["1"] = 1, [1] = 1 })
    assert(not ok and e:find("both", 1, true), e)
    return action.noop("x")
  end,
}
