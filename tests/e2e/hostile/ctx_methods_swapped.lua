-- methods called on the wrong object
-- expect: OK
local action = require "orrery.action"

return {
  name = "ctx_methods_swapped", vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local log, state = ctx.log, ctx.state
    for _, self in ipairs { 1, "x", true, {}, print, ctx, log, setmetatable({}, { __index = state }) } do
      local ok, e = pcall(state.set, self, "k", 1)
      assert(not ok and e:find("ctx.state.set: call it with a colon", 1, true), e)
    end
    local ok, e = pcall(state.get)
    assert(not ok and e:find("colon", 1, true), e)
    ok, e = pcall(log.warn, state, "x")
    assert(not ok and e:find("ctx.log.warn", 1, true), e)
    return action.noop("x")
  end,
}
