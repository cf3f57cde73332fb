-- orrery.svi: prices of binaries and ranges from an SVI smile, and strikes to trade them at.
--
--   local svi = require "orrery.svi"
--   local market = ctx.market.btc
--   svi.binary_price(market, 101000, true)        --> 0.42: what "above 101000 at expiry" is worth
--   svi.strike(market.spot, { step = 100 })       --> 101000000000000: spot rounded to 100, × 1e9
--
-- The smile is total implied variance to the market's expiry, as ctx.market.<feed>.svi has it:
--     w(k) = a + b (rho (k - m) + sqrt((k - m)^2 + sigma^2)),   k = ln(K / F)
-- and a binary that pays 1 above K is worth N(d2), d2 = -(k + w/2) / sqrt(w). Prices are
-- probabilities, 0 to 1, before any spread: the vault's ask is a little higher.
--
-- `market` is any table with `forward` and `svi = {a, b, rho, m, sigma}`. Strikes K are plain numbers in
-- the price's unit; actions want them as integers × 1e9: see svi.scale().

local M = {}

-- Strikes in actions are integers scaled by this.
M.SCALE = 1000000000

local function check_positive(what, value)
  if type(value) ~= "number" or value ~= value or value <= 0 or value == math.huge then
    error(what .. ": expected a finite number above 0, got " .. tostring(value), 3)
  end
end

local function check_market(market)
  if type(market) ~= "table" or type(market.svi) ~= "table" then
    error("market: expected a table with forward and svi, got " .. type(market), 3)
  end
  check_positive("market.forward", market.forward)
end

-- Total implied variance w(k) at log-moneyness k; never below 0.
function M.w(params, k)
  local distance = k - params.m
  local w = params.a + params.b * (params.rho * distance + math.sqrt(distance * distance + params.sigma * params.sigma))
  return math.max(w, 0)
end

-- Standard normal distribution function, absolute error below 1e-13 (Marsaglia's series near the
-- centre, a continued fraction in the tails).
function M.normal_cdf(x)
  if x ~= x then
    error("x: expected a number, got NaN", 2)
  end
  local distance = math.abs(x)
  if distance > 38 then
    return x > 0 and 1.0 or 0.0
  end
  local density = math.exp(-0.5 * x * x) * 0.39894228040143267794
  if distance < 5 then
    local sum, term, n = x, x, 1
    while math.abs(term) > 1e-17 * math.abs(sum) do
      n = n + 2
      term = term * x * x / n
      sum = sum + term
    end
    return 0.5 + sum * density
  end
  local fraction = distance
  for n = 40, 1, -1 do
    fraction = distance + n / fraction
  end
  local tail = density / fraction
  return x > 0 and 1 - tail or tail
end

-- Worth of a binary that pays 1 when the price at expiry is above (is_up) or at or below the strike.
function M.binary_price(market, strike, is_up)
  check_market(market)
  check_positive("strike", strike)
  local k = math.log(strike / market.forward)
  local w = M.w(market.svi, k)
  local above
  if w > 0 then
    above = M.normal_cdf(-(k + w / 2) / math.sqrt(w))
  else
    above = market.forward > strike and 1.0 or 0.0
  end
  return is_up and above or 1 - above
end

-- Worth of a range that pays 1 when the price at expiry lies between lower and higher.
function M.range_price(market, lower, higher)
  check_market(market)
  check_positive("lower", lower)
  check_positive("higher", higher)
  if lower >= higher then
    error(string.format("higher: expected more than lower (%s), got %s", lower, higher), 2)
  end
  local worth = M.binary_price(market, lower, true) - M.binary_price(market, higher, true)
  return math.max(worth, 0)
end

-- One standard deviation of the move to expiry, in the price's unit: how far strikes are apart in
-- terms that mean the same for every market and every time to expiry.
function M.move(market)
  check_market(market)
  return market.forward * math.sqrt(M.w(market.svi, 0))
end

-- A number in the price's unit as the integer that actions take: scale(101000.5) is 101000500000000.
function M.scale(strike)
  check_positive("strike", strike)
  local scaled
  if math.type(strike) == "integer" then
    scaled = strike <= math.maxinteger // M.SCALE and strike * M.SCALE or nil
  else
    scaled = math.tointeger(math.floor(strike * M.SCALE + 0.5))
  end
  if not scaled or scaled <= 0 then
    error("strike: expected a number whose scaled value is from 1 to 2^63-1, got " .. tostring(strike), 2)
  end
  return scaled
end

-- The way back, for logs: unscale(101000500000000) is 101000.5.
function M.unscale(strike)
  return strike / M.SCALE
end

-- Rounds to a multiple of `step`: "nearest" (default), "down" or "up". Never below one step.
function M.round(strike, step, direction)
  check_positive("strike", strike)
  check_positive("step", step)
  local steps = strike / step
  if direction == "down" then
    steps = math.floor(steps)
  elseif direction == "up" then
    steps = math.ceil(steps)
  elseif direction == nil or direction == "nearest" then
    steps = math.floor(steps + 0.5)
  else
    error('direction: expected "nearest", "down" or "up", got ' .. tostring(direction), 2)
  end
  return math.max(steps, 1) * step
end

-- round() and scale() in one: strike(price, { step = 100, direction = "up" }).
function M.strike(price, options)
  local step = options and options.step or 1
  return M.scale(M.round(price, step, options and options.direction))
end

return M
