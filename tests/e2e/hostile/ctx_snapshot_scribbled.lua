-- what a script does to its snapshots is gone at the next tick
-- expect: OK
-- fires: 4
local action = require "orrery.action"

return {
  name = "ctx_snapshot_scribbled", vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local v, m = ctx.vault, ctx.market
    assert(v.id == "v" and v.is_frozen == false and type(m.btc.spot) == "number")
    v.id, v.quote_balance, v.positions, v[1] = nil, -1, v, ctx.state
    m.btc.spot = "free"
    m.btc = nil
    m[m] = m
    ctx.lifecycle.closures[1] = m
    ctx.params.x = 1
    if ctx.last then assert(ctx.last.outcome == "noop"); ctx.last.outcome = "submitted" end
    return action.noop("x")
  end,
}
