-- ctx, its state, its log and methods kept over ticks: refused with words
-- expect: OK
-- fires: 4
local action = require "orrery.action"
local kept, state, log, get, vault

return {
  name = "ctx_kept_over_ticks", vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    if kept then
      local ok, e = pcall(function() return kept.now end)
      assert(not ok and e:find("tick that has ended", 1, true), e)
      ok, e = pcall(function() return kept.vault end)
      assert(not ok and e:find("ended", 1, true), e)
      ok, e = pcall(state.set, state, "a", 1)
      assert(not ok and e:find("ended", 1, true), e)
      ok, e = pcall(log.info, log, "hello")
      assert(not ok and e:find("ended", 1, true), e)
      ok, e = pcall(get, state, "a")
      assert(not ok, e)
      assert(get(ctx.state, "a") == nil, "a method belongs to no tick, its object does")
      assert(vault.id == "v", "a snapshot is a plain table and may be kept")
    end
    kept, state, log, get, vault = ctx, ctx.state, ctx.log, ctx.state.get, ctx.vault
    return action.noop("kept")
  end,
}
