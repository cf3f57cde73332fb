-- Tests of the shipped strategies with a made-up ctx: an array of {name, function}.

local check = require "check"
local fake = require "fake"
local indicators = require "orrery.indicators"
local load_strategy = require "strategies"
local svi = require "orrery.svi"

local cases = {}
local function case(name, body)
  cases[#cases + 1] = { name, body }
end

local function ctx_for(strategy, overrides)
  return fake.ctx { params = fake.params(strategy, overrides) }
end

-- Moves the clock and the price, as the next tick finds them.
local function move_to(ctx, ms, spot)
  ctx.now = ctx.now + ms
  local expiry, id = ctx.market.btc.expiry, ctx.market.btc.market_id
  ctx.market.btc = fake.market(ctx.now, spot)
  ctx.market.btc.expiry, ctx.market.btc.market_id = expiry, id
end

local function reason_of(result)
  check.equal(result.kind, "noop")
  return result.reason
end

for _, name in ipairs { "read_only", "ladder", "momentum" } do
  case(name .. ": declares itself completely", function()
    local strategy = load_strategy(name)
    check.equal(strategy.name, (name:gsub("_", "-")))
    check.equal(strategy.vault_id, "btc-vault")
    check.truthy(#strategy.triggers >= 2)
    for _, declaration in pairs(strategy.params) do
      check.truthy(declaration.type and declaration.default ~= nil)
    end
  end)

  case(name .. ": waits for a fresh price and leaves the state alone", function()
    local strategy = load_strategy(name)
    local ctx = ctx_for(strategy)
    ctx.market.btc.stale = true
    check.equal(reason_of(strategy.decide(ctx)), "no fresh price")
    ctx.market = {}
    check.equal(reason_of(strategy.decide(ctx)), "no fresh price")
    check.equal(ctx.state:keys(), {})
  end)
end

-- read_only ----------------------------------------------------------------------------------

case("read_only: gathers, then describes", function()
  local strategy = load_strategy "read_only"
  local ctx = ctx_for(strategy, { window = 4 })
  for _, spot in ipairs { 100.0, 101.0, 100.0 } do
    move_to(ctx, 1000, spot)
    check.equal(reason_of(strategy.decide(ctx)), "observing: gathering prices")
  end
  for _, step in ipairs { { 101.0, "within" }, { 110.0, "above" }, { 90.0, "below" } } do
    move_to(ctx, 1000, step[1])
    check.equal(reason_of(strategy.decide(ctx)), "observing: " .. step[2] .. " its usual range")
  end
  check.equal(ctx.state:get("ticks"), 6)
  check.equal(indicators.window_values(ctx.state:get("window")), { 100.0, 101.0, 110.0, 90.0 })
end)

case("read_only: a changed window starts over", function()
  local strategy = load_strategy "read_only"
  local ctx = ctx_for(strategy, { window = 2 })
  strategy.decide(ctx)
  strategy.decide(ctx)
  ctx.params.window = 3
  check.equal(reason_of(strategy.decide(ctx)), "observing: gathering prices")
end)

case("read_only: reports what settled, once", function()
  local strategy = load_strategy "read_only"
  local ctx = ctx_for(strategy)
  ctx.lifecycle.closures = { { won = true, pnl = 70 }, { won = false, pnl = -30 } }
  strategy.decide(ctx)
  check.equal(ctx.logged, { { level = "info", message = "positions settled", fields = { positions = 2, won = 1, pnl = 40 } } })
  ctx.lifecycle.closures = {}
  strategy.decide(ctx)
  check.equal(#ctx.logged, 1)
end)

-- ladder -------------------------------------------------------------------------------------

case("ladder: one binary per rung, priced within the stake", function()
  local strategy = load_strategy "ladder"
  local ctx = ctx_for(strategy, { rungs = 2 })
  local orders = strategy.decide(ctx)
  check.equal(#orders, 4)
  for _, order in ipairs(orders) do
    check.equal(order.kind, "mint_binary")
    check.equal(order.market_id, ctx.market.btc.market_id)
    check.equal(order.is_up, order.strike > svi.scale(ctx.market.btc.spot))
    local price = svi.binary_price(ctx.market.btc, svi.unscale(order.strike), order.is_up)
    check.near(order.quantity * price, 2000000000, 1) -- 0.2 % of NAV
    check.truthy(price > 0.05 and price < 0.5)
  end
end)

case("ladder: rungs rest for exactly the cooldown", function()
  local strategy = load_strategy "ladder"
  local ctx = ctx_for(strategy, { rungs = 1, cooldown_ms = 10000 })
  check.equal(#strategy.decide(ctx), 2)
  move_to(ctx, 9999, 100000)
  check.equal(reason_of(strategy.decide(ctx)), "every rung is resting, held or out of range")
  move_to(ctx, 1, 100000)
  check.equal(#strategy.decide(ctx), 2)
end)

case("ladder: keeps within the vault's limits", function()
  local strategy = load_strategy "ladder"
  local ctx = ctx_for(strategy, { rungs = 4 })
  ctx.vault.exposure_headroom = 5000000000 -- room for two stakes of 2e9 within 90 %
  check.equal(#strategy.decide(ctx), 2)

  ctx = ctx_for(strategy, { rungs = 4, max_positions = 3 })
  ctx.vault.open_positions = 2
  check.equal(#strategy.decide(ctx), 1)
  ctx.vault.open_positions = 3
  check.equal(reason_of(strategy.decide(ctx)), "enough positions")

  ctx = ctx_for(strategy, { rungs = 1 })
  ctx.vault.max_single_position = 1000000000
  for _, order in ipairs(strategy.decide(ctx)) do
    local price = svi.binary_price(ctx.market.btc, svi.unscale(order.strike), order.is_up)
    check.near(order.quantity * price, 900000000, 1)
  end

  ctx = ctx_for(strategy)
  ctx.vault.max_single_position = 0
  check.equal(reason_of(strategy.decide(ctx)), "nothing left to stake")
  ctx.vault.is_frozen = true
  check.equal(reason_of(strategy.decide(ctx)), "vault is frozen")
  check.equal(ctx.state:keys(), {})
end)

case("ladder: does not buy what it holds, nor too close to expiry", function()
  local strategy = load_strategy "ladder"
  local ctx = ctx_for(strategy, { rungs = 1, cooldown_ms = 1 })
  local orders = strategy.decide(ctx)
  ctx.vault.positions = { { kind = "binary", market_id = orders[1].market_id, strike = orders[1].strike, is_up = true } }
  ctx.now = ctx.now + 1
  local again = strategy.decide(ctx)
  check.equal(#again, 1)
  check.equal(again[1].is_up, false)
  ctx.now = ctx.market.btc.expiry - 2999
  check.equal(reason_of(strategy.decide(ctx)), "too close to expiry")
end)

case("ladder: a refused batch is logged", function()
  local strategy = load_strategy "ladder"
  local ctx = ctx_for(strategy)
  strategy.on_error(ctx, { message = "CAP_EXPOSURE: pct=51" })
  check.equal(ctx.logged[1].level, "warn")
  check.equal(ctx.logged[1].fields.message, "CAP_EXPOSURE: pct=51")
end)

-- momentum -----------------------------------------------------------------------------------

-- Runs `count` ticks, the price moving by `step` each; returns the last result.
local function run_trend(strategy, ctx, count, step)
  local result
  for _ = 1, count do
    move_to(ctx, 1000, ctx.market.btc.spot + step)
    result = strategy.decide(ctx)
    if result.kind ~= "noop" then
      return result
    end
  end
  return result
end

case("momentum: warms up, then sees no trend in a flat market", function()
  local strategy = load_strategy "momentum"
  local ctx = ctx_for(strategy, { fast = 3, slow = 6 })
  check.equal(reason_of(run_trend(strategy, ctx, 5, 0)), "averages are warming up")
  check.equal(reason_of(run_trend(strategy, ctx, 1, 0)), "no clear trend")
end)

case("momentum: the same price counts once", function()
  local strategy = load_strategy "momentum"
  local ctx = ctx_for(strategy)
  strategy.decide(ctx)
  check.equal(reason_of(strategy.decide(ctx)), "no new price")
  check.equal(ctx.state:get("averages").fast.count, 1)
end)

for _, direction in ipairs { 1, -1 } do
  case("momentum: a binary and a range in one batch, direction " .. direction, function()
    local strategy = load_strategy "momentum"
    local ctx = ctx_for(strategy, { fast = 3, slow = 6 })
    local batch = run_trend(strategy, ctx, 20, direction * 200)
    check.equal(#batch, 2)
    local binary, range = batch[1], batch[2]
    check.equal(binary.kind, "mint_binary")
    check.equal(binary.is_up, direction == 1)
    check.equal(range.kind, "mint_range")
    check.truthy(range.lower_strike < range.higher_strike)
    check.truthy((range.lower_strike > binary.strike) == (direction == 1))
    local price = svi.binary_price(ctx.market.btc, svi.unscale(binary.strike), binary.is_up)
    check.near(binary.quantity * price, 5000000000, 1)
    check.equal(ctx.state:get("batches"), 1)
    check.equal(reason_of(run_trend(strategy, ctx, 1, direction * 200)), "cooling down")
  end)
end

case("momentum: trades again after its cooldown", function()
  local strategy = load_strategy "momentum"
  local ctx = ctx_for(strategy, { fast = 3, slow = 6, cooldown_ms = 2000 })
  check.equal(#run_trend(strategy, ctx, 20, 200), 2)
  check.equal(reason_of(run_trend(strategy, ctx, 1, 200)), "cooling down")
  check.equal(#run_trend(strategy, ctx, 1, 200), 2)
  check.equal(ctx.state:get("batches"), 2)
end)

case("momentum: no trade close to expiry, in a frozen vault or without money", function()
  local strategy = load_strategy "momentum"
  local ctx = ctx_for(strategy, { fast = 3, slow = 6 })
  ctx.vault.is_frozen = true
  check.equal(reason_of(run_trend(strategy, ctx, 20, 200)), "vault is frozen")
  ctx.vault.is_frozen = false
  ctx.vault.nav = 0
  check.equal(reason_of(run_trend(strategy, ctx, 1, 200)), "no sensible price")
  ctx.market.btc.expiry = ctx.now + 2000
  check.equal(reason_of(run_trend(strategy, ctx, 1, 200)), "too close to expiry")
  check.equal(ctx.state:get("batches"), nil)
end)

return cases
