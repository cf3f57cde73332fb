-- 32 levels are kept, 33 are refused
-- expect: OK
local action = require "orrery.action"

return {
  name = "state_depth_exact", vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local function nest(n, leaf) for _ = 1, n do leaf = { leaf } end return leaf end
    ctx.state:set("arrays", nest(32, 1))
    ctx.state:set("empty", nest(31, {}))
    assert(not pcall(ctx.state.set, ctx.state, "k", nest(33, 1)))
    assert(not pcall(ctx.state.set, ctx.state, "k", nest(32, {})))
    local v, n = ctx.state:get("arrays"), 0
    while type(v) == "table" do v, n = v[1], n + 1 end
    assert(n == 32)
    return action.noop("x")
  end,
}
