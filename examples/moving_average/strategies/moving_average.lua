-- moving_average: buys a binary in the direction in which the price has left its mean.
--
-- The live price is written to a table, the last N rows are read from the same table, and the mean is computed from
-- those rows, at every tick. Nothing of it is kept in memory: a restart, another worker, another machine with the same
-- database all see the same history, and so does whoever asks it with SQL.
--
-- What it teaches
--   * A write may happen twice: a tick whose worker was lost is run again, and its calls are, too. Here the row's
--     primary key makes that harmless (the same price at the same time is the same row); the trade log has nothing of
--     the kind, so its insert takes a key: the run's id, which a repeated tick keeps.
--   * ctx.db waits for the database, and while it does another tick of this strategy may run. What belongs together
--     (has the cooldown passed? then begin it) stands together, with no ctx.db call in between.
--   * Data that grows is cut: old rows are deleted by the strategy that wrote them.

local action = require "orrery.action"
local amount = require "orrery.amount"
local cooldown = require "orrery.cooldown"
local svi = require "orrery.svi"

-- Writes the price and returns the last `count` ones, this one first.
local function remember(ctx, market, count)
  ctx.db:upsert("price_history", {
    asset = ctx.params.feed,
    ts_ms = market.at,
    spot_usd = market.spot,
    svi_sigma = market.svi.sigma,
  })
  return ctx.db:select("price_history", {
    where = { asset = ctx.params.feed },
    order_by = "ts_ms desc",
    limit = count,
    columns = { "spot_usd" },
  })
end

local function mean_of(rows)
  local sum = 0
  for _, row in ipairs(rows) do
    sum = sum + row.spot_usd
  end
  return sum / #rows
end

-- The order, or nil when it has no sensible price.
local function order_for(ctx, market, is_up)
  local strike = svi.round(market.forward, ctx.params.strike_step)
  local price = svi.binary_price(market, strike, is_up)
  local stake = amount.clamp(
    amount.percent(ctx.vault.nav, ctx.params.stake_pct),
    amount.percent(ctx.vault.max_single_position, 90),
    amount.percent(ctx.vault.exposure_headroom, 50)
  )
  if price < 0.03 or price > 0.95 or stake <= 0 then
    return nil
  end
  return action.vault.mint_binary {
    market_id = market.market_id,
    strike = svi.scale(strike),
    is_up = is_up,
    quantity = math.floor(stake / price),
  }
end

return {
  name = "moving-average",
  vault_id = "btc-vault",

  params = {
    feed = { type = "string", default = "btc" },
    window = { type = "integer", default = 20, min = 2, max = 1000, description = "prices in the mean" },
    band = { type = "number", default = 0.0002, min = 0, max = 1, description = "least distance from the mean, as a part of it" },
    stake_pct = { type = "number", default = 0.5, min = 0.001, max = 10, description = "percent of NAV on one order" },
    strike_step = { type = "number", default = 1, min = 0.000001 },
    min_left_ms = { type = "integer", default = 3000, min = 0 },
    cooldown_ms = { type = "integer", default = 5000, min = 1 },
    keep_ms = { type = "integer", default = 3600000, min = 1000, description = "age at which prices are deleted" },
  },

  schema = {
    price_history = {
      columns = {
        asset = "text not null",
        ts_ms = "bigint not null",
        spot_usd = "real not null",
        svi_sigma = "real not null",
      },
      primary_key = { "asset", "ts_ms" },
    },
    trades = {
      columns = { ts_ms = "bigint not null", is_up = "boolean not null", spot_usd = "real", mean_usd = "real" },
      indexes = { by_time = { "ts_ms" } },
    },
  },

  triggers = { { kind = "cron", every_seconds = 0.5 }, { kind = "manual" } },

  decide = function(ctx)
    local market = ctx.market[ctx.params.feed]
    if not market or market.stale then
      return action.noop("no fresh price")
    end
    local rows = remember(ctx, market, ctx.params.window)
    if #rows < ctx.params.window then
      return action.noop("history is filling up")
    end
    local mean = mean_of(rows)
    local distance = market.spot / mean - 1
    if math.abs(distance) < ctx.params.band then
      return action.noop("near its mean")
    elseif market.expiry - ctx.now < ctx.params.min_left_ms then
      return action.noop("too close to expiry")
    end
    local order = order_for(ctx, market, distance > 0)
    if not order then
      return action.noop("no sensible price")
    elseif cooldown.active(ctx, "entry") then
      return action.noop("cooling down")
    end
    cooldown.start(ctx, "entry", ctx.params.cooldown_ms)
    ctx.db:insert("trades", {
      ts_ms = ctx.now, is_up = distance > 0, spot_usd = market.spot, mean_usd = mean,
    }, { key = "trade " .. ctx.run_id })
    ctx.db:delete("price_history", { ts_ms = { ["<"] = ctx.now - ctx.params.keep_ms } })
    ctx.log:info("moving-average: left its mean", { spot = market.spot, mean = mean })
    return order
  end,
}
