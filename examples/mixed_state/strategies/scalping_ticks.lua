-- scalping-ticks: watches ten times a second for a jump of the price and tells the desk with an event.
--
-- Its memory is worth nothing a second later, so the desk gives it "memory:": its ticks still leave a
-- durable record of each run, but a restart begins with an empty state.

local action = require "orrery.action"
local svi = require "orrery.svi"

return {
  name = "scalping-ticks",
  vault_id = "btc-vault",
  params = {
    jump = { type = "number", default = 0.1, min = 0.001, description = "in standard deviations to expiry" },
  },
  triggers = { { kind = "cron", every_seconds = 0.1 } },

  decide = function(ctx)
    local market = ctx.market.btc
    if market.stale then
      return action.noop("no fresh price")
    end
    ctx.state:set("ticks", ctx.state:get_or_default("ticks", 0) + 1)
    local last = ctx.state:get_or_default("last", market.spot)
    ctx.state:set("last", market.spot)

    local jump = (market.spot - last) / svi.move(market)
    if math.abs(jump) < ctx.params.jump then
      return action.noop("no jump")
    end
    return action.emit { topic = "jump.btc", payload = { size = jump, at = market.at } }
  end,
}
