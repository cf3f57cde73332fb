-- whales: follows large trades that an indexer has seen elsewhere.
--
-- Every row of the table `trades` is one run of decide(), with the row's payload in ctx.trigger.payload:
--     { "side": "buy", "usd": 2500000, "venue": "north" }
--
-- What it teaches
--   * An event is at-least-once on its way here and exactly once on record: the row's place in the table is the cursor,
--     which moves in the same transaction that puts the event on record. What the indexer itself writes twice has the
--     same event_id, and is one run.
--   * What a run remembers (ctx.state) commits with the run, so a total over all events is exact, however often the
--     daemon or the database was restarted.
--   * The payload is somebody else's: it is checked before it is used. What is not even JSON never gets here.

local action = require "orrery.action"
local amount = require "orrery.amount"
local cooldown = require "orrery.cooldown"
local svi = require "orrery.svi"

local function read_trade(payload)
  if type(payload) ~= "table" or type(payload.usd) ~= "number" then
    return nil
  end
  if payload.side ~= "buy" and payload.side ~= "sell" then
    return nil
  end
  return payload
end

-- All that was seen, exactly.
local function add_up(ctx, trade)
  local total = ctx.state:get_or_default("total", { trades = 0, usd = 0 })
  total.trades = total.trades + 1
  total.usd = total.usd + trade.usd
  ctx.state:set("total", total)
end

-- The order, or nil when it has no sensible price.
local function order_for(ctx, market, is_up)
  local strike = svi.round(market.forward, 1)
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
  name = "whales",
  vault_id = "btc-vault",

  params = {
    feed = { type = "string", default = "btc" },
    whale_usd = { type = "number", default = 1000000, min = 0, description = "least size of a trade that is followed" },
    stake_pct = { type = "number", default = 0.5, min = 0.001, max = 10, description = "percent of NAV on one order" },
    cooldown_ms = { type = "integer", default = 2000, min = 1 },
  },

  triggers = {
    {
      kind = "event",
      topic = "trades",
      source = {
        kind = "postgres",
        url = "indexer", -- of orrery.lua's `sources`
        table = "trades",
        cursor_column = "id",
        id_column = "event_id",
        payload_column = "payload",
        topic = "new_trade", -- the wake-up
        from = "start",
      },
    },
  },

  decide = function(ctx)
    local trade = read_trade(ctx.trigger.payload)
    if not trade then
      return action.noop("not a trade")
    end
    add_up(ctx, trade)
    if trade.usd < ctx.params.whale_usd then
      return action.noop("a small fish")
    end
    local market = ctx.market[ctx.params.feed]
    if not market or market.stale then
      return action.noop("no fresh price")
    end
    local order = order_for(ctx, market, trade.side == "buy")
    if not order then
      return action.noop("no sensible price")
    elseif cooldown.active(ctx, "entry") then
      return action.noop("cooling down")
    end
    cooldown.start(ctx, "entry", ctx.params.cooldown_ms)
    ctx.log:info("following a whale", { usd = trade.usd, side = trade.side })
    return order
  end,
}
