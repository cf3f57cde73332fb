-- ladder: small binary positions on rungs above and below the price.
--
-- Above the price it buys binaries that win when the market ends above the rung, below the price those
-- that win when it ends at or below. Rungs are placed in standard deviations of the move that the smile expects
-- until expiry, so that the same params fit ten seconds as well as a day.
--
-- What it teaches
--   * Cooldown by TTL: a key set with set_with_ttl() is gone after its time, by itself, also across a
--     restart. One key per rung: a rung that was bought rests, the others do not wait for it.
--   * The vault's limits come first. ctx.vault says what is left (max_single_position, exposure_headroom); asking
--     for more is refused by the runtime, and one refused action refuses the whole batch. So plan within them.
--   * All actions returned by one decide() are one transaction: all rungs, or none.
--   * Several orders at once need a running budget: ctx.vault does not change while decide() adds actions.

local action = require "orrery.action"
local amount = require "orrery.amount"
local svi = require "orrery.svi"

-- One candidate: {name, strike (plain number), is_up}.
local function rungs_of(market, params)
  local spacing = params.spacing * svi.move(market)
  local result = {}
  for i = 1, params.rungs do
    for _, side in ipairs { 1, -1 } do
      result[#result + 1] = {
        name = string.format("rung:%s%d", side == 1 and "+" or "-", i),
        strike = svi.round(market.spot + side * i * spacing, params.strike_step, side == 1 and "up" or "down"),
        is_up = side == 1,
      }
    end
  end
  return result
end

-- Does the vault already have this very position? Buying more would count against the same single-position cap.
local function held(vault, market_id, strike, is_up)
  for _, position in ipairs(vault.positions) do
    if position.market_id == market_id and position.strike == strike and position.is_up == is_up then
      return true
    end
  end
  return false
end

-- The order for a rung, or nil when it has no sensible price. A contract pays one base unit when it wins.
local function order_for(rung, market, stake, params)
  local price = svi.binary_price(market, rung.strike, rung.is_up)
  if price < params.min_price or price > params.max_price then
    return nil
  end
  return action.vault.mint_binary {
    market_id = market.market_id,
    strike = svi.scale(rung.strike),
    is_up = rung.is_up,
    quantity = math.floor(stake / price),
  }
end

-- Why there is nothing to do at all, or nil.
local function obstacle(ctx, market, stake)
  if not market or market.stale then
    return "no fresh price"
  elseif ctx.vault.is_frozen then
    return "vault is frozen"
  elseif market.expiry - ctx.now < ctx.params.min_left_ms then
    return "too close to expiry"
  elseif ctx.vault.open_positions >= ctx.params.max_positions then
    return "enough positions"
  elseif stake == 0 then
    return "nothing left to stake"
  end
end

return {
  name = "ladder",
  vault_id = "btc-vault",

  params = {
    feed = { type = "string", default = "btc" },
    rungs = { type = "integer", default = 2, min = 1, max = 10, description = "rungs on each side" },
    spacing = { type = "number", default = 0.5, min = 0.05, max = 4, description = "standard deviations between rungs" },
    strike_step = { type = "number", default = 1, min = 0.000001, description = "strikes are multiples of this" },
    stake_pct = { type = "number", default = 0.2, min = 0.001, max = 10, description = "percent of NAV per rung" },
    min_price = { type = "number", default = 0.05, min = 0.02, max = 0.5 },
    max_price = { type = "number", default = 0.9, min = 0.5, max = 0.97 },
    max_positions = { type = "integer", default = 20, min = 1, max = 64 },
    min_left_ms = { type = "integer", default = 3000, min = 0, description = "no orders later than this before expiry" },
    cooldown_ms = { type = "integer", default = 60000, min = 1, description = "rest of a rung after an order" },
  },

  triggers = { { kind = "cron", every_seconds = 2 }, { kind = "manual" } },

  decide = function(ctx)
    local params, vault = ctx.params, ctx.vault
    local market = ctx.market[params.feed]

    -- Stay well below the cap on one position: the ask is a little above the price that we compute.
    local stake = amount.clamp(amount.percent(vault.nav, params.stake_pct), amount.percent(vault.max_single_position, 90))
    local reason = obstacle(ctx, market, stake)
    if reason then
      return action.noop(reason)
    end

    local orders = {}
    local budget = amount.percent(vault.exposure_headroom, 90)
    local places = params.max_positions - vault.open_positions
    for _, rung in ipairs(rungs_of(market, params)) do
      local resting = ctx.state:has(rung.name)
      if not resting and #orders < places and stake <= budget
        and not held(vault, market.market_id, svi.scale(rung.strike), rung.is_up) then
        local order = order_for(rung, market, stake, params)
        if order then
          orders[#orders + 1] = order
          budget = budget - stake
          -- Set before the outcome is known: a rung whose batch was refused rests too, instead of hammering.
          ctx.state:set_with_ttl(rung.name, rung.strike, params.cooldown_ms)
        end
      end
    end

    if #orders == 0 then
      return action.noop("every rung is resting, held or out of range")
    end
    return orders
  end,

  -- Only failures come here, with the reason why: a cap, a balance, a price that moved.
  on_error = function(ctx, err)
    ctx.log:warn("ladder: batch refused", { message = err.message })
  end,
}
