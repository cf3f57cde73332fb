-- momentum: follows the trend with a binary and a range, bought together.
--
-- Two exponential averages of the price; when the fast one is clearly above the slow one, the trend is up (below:
-- down). It then buys, as one batch, a binary that wins when the market ends beyond the forward in the
-- trend's direction, and a range around a moderate move: the likelier way for the trend to go on.
--
-- What it teaches
--   * Incremental indicators in state: a tick costs the same however long the averages are, and a restart
--     goes on where it stopped instead of warming up again.
--   * The same price must not count twice. Two triggers may fire at once, a tick may find no new price: the time
--     of the last price is kept with the averages, in the same key, so that they can never disagree.
--   * A batch is atomic: it cannot happen that the binary is bought and the range is not.
--   * Write the state that belongs to a decision in that decision. The runtime commits both in one transaction.

local action = require "orrery.action"
local amount = require "orrery.amount"
local cooldown = require "orrery.cooldown"
local indicators = require "orrery.indicators"
local svi = require "orrery.svi"

-- Takes the market's price into the averages kept in ctx.state. Returns them, and whether the price was new.
local function update_averages(ctx, market)
  local params = ctx.params
  local kept = ctx.state:get("averages")
  if not kept or kept.fast.length ~= params.fast or kept.slow.length ~= params.slow then
    kept = { at = 0, fast = indicators.ema_new(params.fast), slow = indicators.ema_new(params.slow) }
  end
  if kept.at == market.at then
    return kept, false
  end
  kept.at = market.at
  indicators.ema_add(kept.fast, market.spot)
  indicators.ema_add(kept.slow, market.spot)
  ctx.state:set("averages", kept)
  return kept, true
end

-- 1 up, -1 down, 0 no clear trend, nil while the averages are warming up. The threshold is a fraction of the move that
-- the smile expects until expiry, so that it means the same in quiet and in wild markets.
local function trend_of(averages, market, threshold)
  local fast, slow = indicators.ema_value(averages.fast), indicators.ema_value(averages.slow)
  if not fast or not slow then
    return nil
  end
  local gap = (fast - slow) / svi.move(market)
  if math.abs(gap) < threshold then
    return 0
  end
  return gap > 0 and 1 or -1
end

-- Strikes of the batch, plain numbers: the binary's at the forward, the range one half to two standard deviations on.
local function strikes_of(market, trend, step)
  local move = trend * svi.move(market)
  local near = svi.round(market.forward + 0.5 * move, step)
  local far = svi.round(market.forward + 2 * move, step)
  return svi.round(market.forward, step), math.min(near, far), math.max(near, far)
end

-- The two orders, or nil when one of them has no sensible price.
local function batch_for(ctx, market, trend, stake)
  local strike, lower, higher = strikes_of(market, trend, ctx.params.strike_step)
  if lower >= higher then
    return nil
  end
  local binary = svi.binary_price(market, strike, trend == 1)
  local range = svi.range_price(market, lower, higher)
  if math.min(binary, range) < 0.03 or math.max(binary, range) > 0.95 then
    return nil
  end
  return {
    action.vault.mint_binary {
      market_id = market.market_id,
      strike = svi.scale(strike),
      is_up = trend == 1,
      quantity = math.floor(stake / binary),
    },
    action.vault.mint_range {
      market_id = market.market_id,
      lower_strike = svi.scale(lower),
      higher_strike = svi.scale(higher),
      quantity = math.floor(stake / 2 / range),
    },
  }
end

-- What may be spent on the binary (the range gets half as much): a share of NAV, within the vault's limits.
local function stake_of(vault, stake_pct)
  return amount.clamp(
    amount.percent(vault.nav, stake_pct),
    amount.percent(vault.max_single_position, 90),
    amount.percent(vault.exposure_headroom, 50)
  )
end

return {
  name = "momentum",
  vault_id = "btc-vault",

  params = {
    feed = { type = "string", default = "btc" },
    fast = { type = "integer", default = 10, min = 2, max = 1000, description = "length of the fast average, in ticks" },
    slow = { type = "integer", default = 40, min = 3, max = 2000, description = "length of the slow average, in ticks" },
    threshold = { type = "number", default = 0.25, min = 0, max = 10, description = "least gap of the averages, in standard deviations" },
    stake_pct = { type = "number", default = 0.5, min = 0.001, max = 10, description = "percent of NAV on the binary" },
    strike_step = { type = "number", default = 1, min = 0.000001 },
    min_left_ms = { type = "integer", default = 3000, min = 0 },
    cooldown_ms = { type = "integer", default = 300000, min = 1, description = "rest after a batch" },
  },

  triggers = { { kind = "cron", every_seconds = 60 }, { kind = "manual" } },

  decide = function(ctx)
    local market = ctx.market[ctx.params.feed]
    if not market or market.stale then
      return action.noop("no fresh price")
    end
    local averages, is_new = update_averages(ctx, market)
    if not is_new then
      return action.noop("no new price")
    end
    local trend = trend_of(averages, market, ctx.params.threshold)
    if trend == nil then
      return action.noop("averages are warming up")
    elseif trend == 0 then
      return action.noop("no clear trend")
    elseif cooldown.active(ctx, "entry") then
      return action.noop("cooling down")
    elseif ctx.vault.is_frozen then
      return action.noop("vault is frozen")
    elseif market.expiry - ctx.now < ctx.params.min_left_ms then
      return action.noop("too close to expiry")
    end

    local stake = stake_of(ctx.vault, ctx.params.stake_pct)
    local batch = stake > 0 and batch_for(ctx, market, trend, stake)
    if not batch then
      return action.noop("no sensible price")
    end
    cooldown.start(ctx, "entry", ctx.params.cooldown_ms)
    ctx.state:set("batches", ctx.state:get_or_default("batches", 0) + 1)
    return batch
  end,

  -- Every outcome comes here, noops too. The vault was charged for what is in result.actions.
  on_executed = function(ctx, result)
    if result.outcome == "submitted" then
      ctx.log:info("momentum: bought", { actions = #result.actions })
    end
  end,
}
