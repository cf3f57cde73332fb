-- jump-rider: takes a small position after a jump, at most one at a time, and rests when it was wrong.
--
-- It is fired by the event that scalping-ticks emits; its run is recorded as that run's child. What it holds
-- is a state machine in ctx.state, in SQLite: after a restart it knows where it was.

local action = require "orrery.action"
local amount = require "orrery.amount"
local fsm = require "orrery.fsm"
local svi = require "orrery.svi"

local machine = fsm.new {
  initial = "flat",
  transitions = {
    { from = "flat", event = "enter", to = "holding" },
    { from = "holding", event = "settled", to = "flat" },
  },
}

return {
  name = "jump-rider",
  vault_id = "btc-vault",
  params = {
    stake_pct = { type = "number", default = 0.1, min = 0.001, max = 10 },
    min_left_ms = { type = "integer", default = 5000, min = 0 },
  },
  triggers = {
    { kind = "event", topic = "jump.btc" },
    { kind = "cron", every_seconds = 5 },
  },

  decide = function(ctx)
    -- Positions that expired since the last tick arrive here, once.
    if #ctx.lifecycle.closures > 0 and machine:fire(ctx, "settled") then
      ctx.state:set("rounds", ctx.state:get_or_default("rounds", 0) + 1)
    end
    if ctx.trigger.kind ~= "event" then
      return action.noop("waiting for a jump")
    end
    local market = ctx.market.btc
    if machine:state(ctx) ~= "flat" then
      return action.noop("already holding")
    elseif market.stale or market.expiry - ctx.now < ctx.params.min_left_ms then
      return action.noop("too close to expiry")
    end

    local is_up = ctx.trigger.payload.size > 0
    local strike = svi.round(market.forward, 1)
    local price = svi.binary_price(market, strike, is_up)
    if price < 0.05 or price > 0.9 then
      return action.noop("no sensible price")
    end
    machine:fire(ctx, "enter")
    return action.vault.mint_binary {
      market_id = market.market_id,
      strike = svi.scale(strike),
      is_up = is_up,
      quantity = math.floor(amount.percent(ctx.vault.nav, ctx.params.stake_pct) / price),
    }
  end,

  -- The entry was refused: nothing is held after all.
  on_error = function(ctx)
    machine:reset(ctx)
  end,
}
