-- dip: buys a little when the price is below its average, sells it when it is above.
--
-- What it teaches
--   * A venue that orrery knows nothing about needs one action: action.call, with a target that the vault's `calls`
--     allow and arguments that your executor understands.
--   * ctx.vault is what your executor says (snapshot.values). It is a moment old, so an order that it no longer covers
--     is refused there, and on_error hears of it.
--   * What belongs to a decision is written in that decision: it is committed with the bytes that are sent, and both
--     happen once or not at all.

local action = require "orrery.action"
local cooldown = require "orrery.cooldown"
local indicators = require "orrery.indicators"

local function update_average(ctx, market)
  local kept = ctx.state:get("average") or { at = 0, ema = indicators.ema_new(ctx.params.length) }
  if kept.at ~= market.at then
    kept.at = market.at
    indicators.ema_add(kept.ema, market.spot)
    ctx.state:set("average", kept)
  end
  return indicators.ema_value(kept.ema)
end

local function order(side, ctx, market)
  cooldown.start(ctx, "order", ctx.params.cooldown_ms)
  ctx.state:set("orders", ctx.state:get_or_default("orders", 0) + 1)
  return action.call {
    target = "order",
    arguments = { { side = side, lots = ctx.params.lots, price = math.floor(market.spot) } },
  }
end

return {
  name = "dip",
  vault_id = "venue",

  params = {
    length = { type = "integer", default = 20, min = 2, max = 1000, description = "of the average, in prices" },
    lots = { type = "integer", default = 1, min = 1, description = "per order" },
    band = { type = "number", default = 0.00001, min = 0, description = "least distance from the average" },
    cooldown_ms = { type = "integer", default = 1000, min = 1 },
  },

  triggers = { { kind = "cron", every_seconds = 0.2 }, { kind = "manual" } },

  decide = function(ctx)
    local market = ctx.market.btc
    if not market or market.stale then
      return action.noop("no fresh price")
    end
    local average = update_average(ctx, market)
    if not average then
      return action.noop("warming up")
    elseif cooldown.active(ctx, "order") then
      return action.noop("cooling down")
    end
    local distance = market.spot / average - 1
    if distance < -ctx.params.band then
      return order("buy", ctx, market)
    elseif distance > ctx.params.band and ctx.vault.coins >= ctx.params.lots then
      return order("sell", ctx, market)
    end
    return action.noop("near its average")
  end,

  on_error = function(ctx)
    ctx.log:warn("the venue refused an order")
  end,
}
