-- Tests of the standard library: an array of {name, function}. Run by plain Lua (run.lua) and, the
-- same text, inside the sandbox.

local amount = require "orrery.amount"
local cooldown = require "orrery.cooldown"
local fsm = require "orrery.fsm"
local indicators = require "orrery.indicators"
local svi = require "orrery.svi"
local check = require "check"
local fake = require "fake"

local cases = {}
local function case(name, body)
  cases[#cases + 1] = { name, body }
end

-- amount -------------------------------------------------------------------------------------

case("amount: units to base units and back", function()
  check.equal(amount.from_units(12.5, 6), 12500000)
  check.equal(amount.from_units(12), 12000000)
  check.equal(amount.from_units(0.29, 2), 29) -- 0.29 * 100 is 28.999999999999996
  check.equal(amount.from_units(0.1234567, 6), 123456)
  check.equal(amount.to_units(12500000, 6), 12.5)
  check.equal(amount.from_units(9000000000000, 6), 9000000000000000000)
end)

case("amount: percent and fraction round down and stay exact", function()
  check.equal(amount.percent(1000000, 2.5), 25000)
  check.equal(amount.percent(999, 10), 99)
  check.equal(amount.percent(4000000000000000003, 100), 4000000000000000003)
  check.equal(amount.fraction(10, 1, 3), 3)
  check.equal(amount.fraction(9007199254740993, 1, 1), 9007199254740993)
  check.equal(amount.clamp(5, 3, "4"), 3)
end)

case("amount: errors name what is wrong", function()
  check.raises("units: expected a finite number", amount.from_units, -1, 6)
  check.raises("units: expected a finite number", amount.from_units, 0 / 0, 6)
  check.raises("units: expected a number whose amount is below 2^63", amount.from_units, 1e19, 6)
  check.raises("decimals: expected an integer from 0 to 18", amount.from_units, 1, 19)
  check.raises("amount: expected a non-negative integer", amount.integer, 1.5)
  check.raises("amount: expected a non-negative integer", amount.integer, "18446744073709551615")
  check.raises("amount: expected a non-negative integer", amount.integer, "0x10")
  check.raises("amount: expected a non-negative integer", amount.integer, nil)
  check.raises("denominator: expected a positive integer", amount.fraction, 1, 1, 0)
  check.raises("product stays below 2^63", amount.fraction, 4000000000000000000, 3, 1)
end)

-- indicators ---------------------------------------------------------------------------------

local PRICES = { 44.0, 44.25, 44.5, 43.75, 44.65, 45.12, 45.61, 46.28, 46.0, 46.03, 46.41, 46.22, 45.64 }

case("indicators: sma", function()
  check.equal(indicators.sma({ 1, 2, 3, 4 }, 2), 3.5)
  check.equal(indicators.sma({ 1, 2, 3, 4 }, 4), 2.5)
  check.equal(indicators.sma({ 1, 2, 3, 4 }, 5), nil)
  check.equal(indicators.sma({}, 1), nil)
end)

case("indicators: ema follows its definition", function()
  check.equal(indicators.ema({ 1, 2 }, 3), nil)
  check.near(indicators.ema({ 1, 2, 3 }, 3), 2)
  check.near(indicators.ema({ 1, 2, 3, 8 }, 3), 2 + (8 - 2) * 0.5)
end)

case("indicators: rsi", function()
  check.equal(indicators.rsi({ 1, 2, 3 }, 3), nil)
  check.near(indicators.rsi({ 1, 2, 3, 4 }, 3), 100)
  check.near(indicators.rsi({ 4, 3, 2, 1 }, 3), 0)
  check.equal(indicators.rsi({ 5, 5, 5, 5 }, 3), 50.0)
  check.near(indicators.rsi({ 1, 2, 1, 2, 1 }, 4), 50)
  -- one more step of Wilder's smoothing: gain (0.5 * 3 + 4) / 4, loss 0.5 * 3 / 4
  check.near(indicators.rsi({ 1, 2, 1, 2, 1, 5 }, 4), 100 * 1.375 / (1.375 + 0.375))
end)

case("indicators: stdev and returns", function()
  check.near(indicators.stdev({ 2, 4, 4, 4, 5, 5, 7, 9 }, 8), math.sqrt(32 / 7))
  check.near(indicators.stdev({ 100, 1, 3 }, 2), math.sqrt(2))
  check.equal(indicators.stdev({ 1 }, 2), nil)
  check.equal(indicators.returns({ 100, 110, 55 }), { 110 / 100 - 1, -0.5 })
  check.near(indicators.log_returns({ 1, math.exp(0.5) })[1], 0.5)
  check.equal(indicators.returns({ 1 }), {})
end)

case("indicators: the incremental forms agree with the arrays, through ctx.state", function()
  local ctx = fake.ctx {}
  local seen = {}
  ctx.state:set("i", {
    sma = indicators.sma_new(4),
    ema = indicators.ema_new(4),
    rsi = indicators.rsi_new(4),
    stdev = indicators.stdev_new(4),
  })
  for i, price in ipairs(PRICES) do
    seen[i] = price
    local kept = ctx.state:get("i")
    check.equal(indicators.sma_add(kept.sma, price) ~= nil, i >= 4)
    check.equal(indicators.ema_add(kept.ema, price) ~= nil, i >= 4)
    check.equal(indicators.rsi_add(kept.rsi, price) ~= nil, i >= 5)
    check.equal(indicators.stdev_add(kept.stdev, price) ~= nil, i >= 4)
    ctx.state:set("i", kept)
    if i >= 5 then
      check.near(indicators.sma_value(kept.sma), indicators.sma(seen, 4))
      check.near(indicators.ema_value(kept.ema), indicators.ema(seen, 4))
      check.near(indicators.rsi_value(kept.rsi), indicators.rsi(seen, 4))
      check.near(indicators.stdev_value(kept.stdev), indicators.stdev(seen, 4))
    end
  end
end)

case("indicators: a window keeps its order", function()
  local window = indicators.window_new(3)
  check.equal(indicators.window_values(window), {})
  check.equal(indicators.window_add(window, 1), nil)
  check.equal(indicators.window_add(window, 2), nil)
  check.equal(indicators.window_values(window), { 1, 2 })
  check.equal(indicators.window_full(window), false)
  check.equal(indicators.window_add(window, 3), nil)
  check.equal(indicators.window_add(window, 4), 1)
  check.equal(indicators.window_values(window), { 2, 3, 4 })
  check.equal(indicators.window_full(window), true)
end)

case("indicators: errors name what is wrong", function()
  check.raises("length: expected an integer from 1 to 2000, got 0", indicators.sma, { 1 }, 0)
  check.raises("length: expected an integer from 2 to 2000, got 1", indicators.stdev, { 1 }, 1)
  check.raises("length: expected an integer from 1 to 2000, got 2.5", indicators.ema_new, 2.5)
  check.raises("value 2: expected a finite number, got nan", indicators.sma, { 1, math.abs(0 / 0) }, 1)
  check.raises("value: expected a finite number, got nil", indicators.ema_add, indicators.ema_new(2), nil)
  check.raises("values: expected an array of numbers, got nil", indicators.sma, nil, 1)
  check.raises("value 1: expected a number other than 0", indicators.returns, { 0, 1 })
  check.raises("value 2: expected a number above 0", indicators.log_returns, { 1, -1 })
end)

-- cooldown -----------------------------------------------------------------------------------

case("cooldown: runs until exactly its end", function()
  local ctx = fake.ctx {}
  check.equal(cooldown.active(ctx, "entry"), false)
  check.equal(cooldown.remaining(ctx, "entry"), 0)
  check.equal(cooldown.start(ctx, "entry", 1000), ctx.now + 1000)
  check.equal(cooldown.active(ctx, "entry"), true)
  check.equal(cooldown.active(ctx, "other"), false)
  check.equal(cooldown.remaining(ctx, "entry"), 1000)
  ctx.now = ctx.now + 999
  check.equal(cooldown.remaining(ctx, "entry"), 1)
  ctx.now = ctx.now + 1
  check.equal(cooldown.active(ctx, "entry"), false)
end)

case("cooldown: try, clear and seen", function()
  local ctx = fake.ctx {}
  check.equal(cooldown.try(ctx, "entry", 1000), true)
  check.equal(cooldown.try(ctx, "entry", 1000), false)
  cooldown.clear(ctx, "entry")
  cooldown.clear(ctx, "entry")
  check.equal(cooldown.try(ctx, "entry", 1000), true)
  check.equal(cooldown.seen(ctx, 42, 500), false)
  check.equal(cooldown.seen(ctx, 42, 500), true)
  ctx.now = ctx.now + 500
  check.equal(cooldown.seen(ctx, 42, 500), false)
end)

case("cooldown: errors name what is wrong", function()
  local ctx = fake.ctx {}
  check.raises("duration: expected a positive integer", cooldown.start, ctx, "entry", 0)
  check.raises("duration: expected a positive integer", cooldown.try, ctx, "entry", 1.5)
  check.raises("name: expected a string of 1 to 240 bytes", cooldown.active, ctx, "")
  check.equal(ctx.state:keys(), {})
end)

-- fsm ----------------------------------------------------------------------------------------

local function machine(options)
  return fsm.new {
    initial = "flat",
    transitions = {
      { from = "flat", event = "enter", to = "long", guard = options.guard, action = options.action },
      { from = "long", event = "exit", to = "flat" },
      { from = { "flat", "long" }, event = "halt", to = "halted" },
    },
  }
end

case("fsm: walks its transitions and remembers", function()
  local ctx, m = fake.ctx {}, machine {}
  check.equal(m:state(ctx), "flat")
  check.equal(m:age(ctx), 0)
  check.equal(m:can(ctx, "enter"), true)
  check.equal(m:can(ctx, "exit"), false)
  check.equal(m:fire(ctx, "enter"), "long")
  ctx.now = ctx.now + 7
  check.equal(m:state(ctx), "long")
  check.equal(m:age(ctx), 7)
  local state, reason = m:fire(ctx, "enter")
  check.equal(state, nil)
  check.equal(reason, "'enter' is no event of state 'long'")
  check.equal(m:fire(ctx, "halt"), "halted")
  check.equal(m:fire(ctx, "exit"), nil)
  m:reset(ctx)
  check.equal(m:state(ctx), "flat")
end)

case("fsm: guards refuse, a throwing action changes nothing", function()
  local ctx = fake.ctx {}
  local m = machine { guard = function(_, data) return data == "yes" end }
  local _, reason = m:fire(ctx, "enter", "no")
  check.equal(reason, "guard refused 'enter' in state 'flat'")
  check.equal(m:can(ctx, "enter", "yes"), true)
  check.equal(m:fire(ctx, "enter", "yes"), "long")
  m = machine { action = function() error("boom") end }
  m:reset(ctx)
  check.raises("boom", m.fire, m, ctx, "enter")
  check.equal(m:state(ctx), "flat")
end)

case("fsm: a state that the code no longer has starts over", function()
  local ctx = fake.ctx {}
  ctx.state:set("fsm", { state = "gone", since = 1 })
  check.equal(machine({}):state(ctx), "flat")
end)

case("fsm: a wrong definition is refused at once", function()
  check.raises("fsm: expected { initial", fsm.new, {})
  check.raises("transition 1: event: expected a non-empty string, got nil", fsm.new,
    { initial = "a", transitions = { { from = "a", to = "b" } } })
  check.raises("transition 1: from: expected a state", fsm.new,
    { initial = "a", transitions = { { event = "e", to = "b" } } })
  check.raises("transition 2: 'a' already has an event 'e'", fsm.new,
    { initial = "a", transitions = { { from = "a", event = "e", to = "b" }, { from = "a", event = "e", to = "c" } } })
  check.raises("initial: 'x' is in no transition", fsm.new,
    { initial = "x", transitions = { { from = "a", event = "e", to = "b" } } })
  check.raises("guard and action: expected functions", fsm.new,
    { initial = "a", transitions = { { from = "a", event = "e", to = "b", guard = true } } })
end)

-- svi ----------------------------------------------------------------------------------------

case("svi: the normal distribution", function()
  check.equal(svi.normal_cdf(0), 0.5)
  check.near(svi.normal_cdf(1), 0.8413447460685429, 1e-14)
  check.near(svi.normal_cdf(-1.96), 0.024997895148220435, 1e-14)
  check.near(svi.normal_cdf(4.999), 1 - 2.8814e-7, 1e-10)
  check.near(svi.normal_cdf(-6) / 9.865876450376946e-10, 1, 1e-9)
  check.near(svi.normal_cdf(5.0000001) - svi.normal_cdf(4.9999999), 2e-7 * 1.4867195147342977e-06, 1e-14)
  check.equal(svi.normal_cdf(100), 1.0)
  check.equal(svi.normal_cdf(-100), 0.0)
  for x = -8, 8, 0.25 do
    check.near(svi.normal_cdf(x) + svi.normal_cdf(-x), 1, 1e-14)
  end
end)

case("svi: w(k) is the formula", function()
  local p = { a = 0.04, b = 0.4, rho = -0.4, m = 0.1, sigma = 0.2 }
  check.near(svi.w(p, 0.1), 0.04 + 0.4 * 0.2)
  check.near(svi.w(p, 0.3), 0.04 + 0.4 * (-0.4 * 0.2 + math.sqrt(0.04 + 0.04)))
  check.equal(svi.w({ a = -1, b = 0, rho = 0, m = 0, sigma = 0.1 }, 0), 0)
end)

case("svi: binaries", function()
  local flat = { forward = 100, svi = { a = 0.04, b = 0, rho = 0, m = 0, sigma = 0.1 } }
  check.near(svi.binary_price(flat, 100, true), svi.normal_cdf(-0.1), 1e-12) -- d2 = -w/2/sqrt(w)
  check.near(svi.binary_price(flat, 110, true), svi.normal_cdf(-(math.log(1.1) + 0.02) / 0.2), 1e-12)
  local market = fake.market(0, 100000)
  local last = 1
  for strike = 98000, 102000, 250 do
    local up, down = svi.binary_price(market, strike, true), svi.binary_price(market, strike, false)
    check.near(up + down, 1, 1e-12)
    check.truthy(up <= last, "a higher strike is worth less")
    last = up
  end
  flat.svi.a = 0
  check.equal(svi.binary_price(flat, 99, true), 1.0)
  check.equal(svi.binary_price(flat, 100, true), 0.0)
end)

case("svi: ranges are differences of binaries", function()
  local market = fake.market(0, 100000)
  local parts = svi.range_price(market, 99000, 100000) + svi.range_price(market, 100000, 101000)
  check.near(svi.range_price(market, 99000, 101000), parts, 1e-12)
  check.near(svi.move(market), 100000 * math.sqrt(svi.w(market.svi, 0)))
end)

case("svi: strikes", function()
  check.equal(svi.scale(101000), 101000000000000)
  check.equal(svi.scale(101000.5), 101000500000000)
  check.equal(svi.unscale(101000500000000), 101000.5)
  check.equal(svi.round(100049, 100), 100000)
  check.equal(svi.round(100050, 100), 100100)
  check.equal(svi.round(100001, 100, "up"), 100100)
  check.equal(svi.round(100099, 100, "down"), 100000)
  check.equal(svi.round(3, 100, "down"), 100)
  check.equal(svi.strike(100049.7, { step = 100 }), 100000000000000)
  check.equal(svi.strike(0.123456, { step = 0.001 }), 123000000)
  check.equal(svi.strike(100049.7), 100050000000000)
end)

case("svi: errors name what is wrong", function()
  local market = fake.market(0, 100000)
  check.raises("strike: expected a finite number above 0", svi.binary_price, market, 0, true)
  check.raises("market: expected a table with forward and svi", svi.binary_price, nil, 1, true)
  check.raises("higher: expected more than lower", svi.range_price, market, 2, 1)
  check.raises("strike: expected a number whose scaled value", svi.scale, 1e12)
  check.raises("strike: expected a number whose scaled value", svi.scale, 10000000000)
  check.raises("step: expected a finite number above 0", svi.round, 1, 0)
  check.raises('direction: expected "nearest"', svi.round, 1, 1, "sideways")
end)

return cases
