-- a hook's ctx used in the next decide
-- expect: OK
-- fires: 3
local action = require "orrery.action"
local kept

return {
  name = "ctx_from_hook_in_decide", vault_id = "v",
  triggers = { { kind = "manual" } },
  on_executed = function(ctx) kept = ctx.state end,
  decide = function(ctx)
    if kept then
      local ok, e = pcall(kept.set, kept, "k", 1)
      assert(not ok and e:find("ended", 1, true), e)
    end
    return action.noop("x")
  end,
}
