-- nudge: buys a small binary at the money in the direction in which the price has left its average, and collects what
-- it bought when its market is over.
--
-- What it teaches
--   * One decision, one transaction: the deposit of what is missing and the mint that it pays for happen both or not at
--     all.
--   * What belongs to the decision (the cooldown) is written in decide(): it is committed with the bytes that are sent.
--     What depends on the outcome (what is held now) is written in on_executed(): without --live it is not called.
--   * The amounts are small twice: `quantity` here, and `max` in orrery.lua, which the signer holds every transaction
--     against.
--   * Every tick that does nothing says why.

local action = require "orrery.action"
local cooldown = require "orrery.cooldown"
local indicators = require "orrery.indicators"
local markets = require "markets"
local svi = require "orrery.svi"

local function average_of(ctx, market)
  local kept = ctx.state:get("average") or { at = 0, ema = indicators.ema_new(ctx.params.length) }
  if kept.at ~= market.at then
    kept.at = market.at
    indicators.ema_add(kept.ema, market.spot)
    ctx.state:set("average", kept)
  end
  return indicators.ema_value(kept.ema)
end

-- The market that ends next, but not too soon: its id and its line in lib/markets.lua.
local function next_market(ctx)
  local id, chosen
  for key, one in pairs(markets) do
    local is_open = one.expiry - ctx.now >= ctx.params.min_left_ms
    if is_open and (not chosen or one.expiry < chosen.expiry) then
      id, chosen = key, one
    end
  end
  return id, chosen
end

-- The strike of the market's grid next to the price. Both are integers × 1e9.
local function at_the_money(market, price)
  local steps = (svi.scale(price) - market.min_strike + market.tick // 2) // market.tick
  return market.min_strike + math.max(steps, 0) * market.tick
end

-- What is held in a market that is over, and still in lib/markets.lua.
local function due(ctx, held)
  for _, one in ipairs(held) do
    if markets[one.market_id] and ctx.now - one.expiry >= ctx.params.settle_ms then
      return one
    end
  end
end

local function forget(held, gone)
  for place, one in ipairs(held) do
    if one.market_id == gone.market_id and one.strike == gone.strike and one.is_up == gone.is_up then
      return table.remove(held, place)
    end
  end
end

local function redeem(one)
  return action.vault.redeem_binary {
    market_id = one.market_id, strike = one.strike, is_up = one.is_up, quantity = one.quantity,
  }
end

-- The mint, and before it a deposit of what the manager is short of. A contract never costs more than 1.
local function buy(ctx, market_id, market, spot, is_up)
  local quantity = ctx.params.quantity
  local missing = quantity - (ctx.vault.pm_balance or 0)
  if missing > (ctx.vault.quote_balance or 0) then
    return action.noop("the coin does not hold what is missing")
  end
  cooldown.start(ctx, "buy", ctx.params.cooldown_ms)
  local actions = {}
  if missing > 0 then
    actions[1] = action.vault.pm_deposit { amount = missing }
  end
  actions[#actions + 1] = action.vault.mint_binary {
    market_id = market_id, strike = at_the_money(market, spot), is_up = is_up, quantity = quantity,
  }
  return actions
end

return {
  name = "nudge",
  vault_id = "predict",

  params = {
    length = { type = "integer", default = 30, min = 2, max = 1000, description = "of the average, in prices" },
    band = { type = "number", default = 0.0005, min = 0, description = "least distance from the average, as a part of it" },
    quantity = { type = "integer", default = 1000000, min = 1, description = "contracts, in base units of the coin" },
    cooldown_ms = { type = "integer", default = 600000, min = 1, description = "between two orders" },
    min_left_ms = { type = "integer", default = 120000, min = 0, description = "least time until the market ends" },
    settle_ms = { type = "integer", default = 60000, min = 0, description = "after which a market is looked at again" },
  },

  triggers = { { kind = "cron", every_seconds = 2 }, { kind = "manual" } },

  decide = function(ctx)
    local over = due(ctx, ctx.state:get_or_default("held", {}))
    if over and not cooldown.active(ctx, "redeem") then
      cooldown.start(ctx, "redeem", ctx.params.settle_ms)
      return redeem(over)
    end
    local price = ctx.market.btc
    if not price or price.stale then
      return action.noop("no fresh price")
    end
    local average = average_of(ctx, price)
    if not average then
      return action.noop("warming up")
    elseif cooldown.active(ctx, "buy") then
      return action.noop("cooling down")
    elseif ctx.vault.quote_balance == nil then
      return action.noop("what the coin holds is not known yet")
    end
    local distance = price.spot / average - 1
    if math.abs(distance) < ctx.params.band then
      return action.noop("near its average")
    end
    local market_id, market = next_market(ctx)
    if not market then
      return action.noop("no market in lib/markets.lua ends late enough")
    end
    return buy(ctx, market_id, market, price.spot, distance > 0)
  end,

  on_executed = function(ctx, result)
    if result.outcome ~= "submitted" then
      return
    end
    local held = ctx.state:get_or_default("held", {})
    for _, one in ipairs(result.actions) do
      if one.kind == "mint_binary" then
        held[#held + 1] = {
          market_id = one.market_id, expiry = math.tointeger(one.market_id:match(":(%d+)$")),
          strike = one.strike, is_up = one.is_up, quantity = one.quantity,
        }
      elseif one.kind == "redeem_binary" then
        forget(held, one)
      end
    end
    ctx.state:set("held", held)
  end,

  on_error = function(ctx, err)
    ctx.log:warn("nudge: nothing was bought or collected", { phase = err.phase })
  end,
}
