-- orrery.amount: between human numbers and the integers that the runtime counts in.
--
-- Money, contracts and shares are unsigned 64-bit integers in base units; one unit of quote is
-- 10^decimals base units (USDC has 6). Strikes are integers scaled by 10^9, whatever the currency.
-- Prices in ctx.market are plain floats.
--
--   local amount = require "orrery.amount"
--   amount.from_units(12.5, 6)        --> 12500000
--   amount.to_units(12500000, 6)      --> 12.5
--   amount.percent(nav, 2)            --> 2 % of nav, rounded down
--
-- Every function raises an error that names its argument when that is no number, negative, NaN or
-- too large for the result to be exact.

local M = {}

-- The largest Lua integer.
M.MAX = math.maxinteger

local function fail(what, expected, got)
  local shown = type(got) == "string" and '"' .. got .. '"' or tostring(got)
  error(what .. ": expected " .. expected .. ", got " .. type(got) .. " " .. shown, 3)
end

local function check_number(what, value)
  if type(value) ~= "number" or value ~= value or value < 0 or value == math.huge then
    fail(what, "a finite number of at least 0", value)
  end
end

local function check_decimals(decimals)
  if math.type(decimals) ~= "integer" or decimals < 0 or decimals > 18 then
    fail("decimals", "an integer from 0 to 18", decimals)
  end
end

-- A checked integer of base units from an integer, an integral float or a string of digits.
-- ctx.vault gives integers; an amount above 2^63-1 comes as a string, which is refused here.
function M.integer(value)
  local number = value
  if type(value) == "string" and value:find("^%d+$") then
    number = tonumber(value)
  end
  number = type(number) == "number" and math.tointeger(number)
  if not number or number < 0 then
    fail("amount", "a non-negative integer up to 2^63-1", value)
  end
  return number
end

-- Human units to base units, rounded down. `decimals` is the currency's (default 6).
function M.from_units(units, decimals)
  decimals = decimals or 6
  check_number("units", units)
  check_decimals(decimals)
  local scale = math.tointeger(10 ^ decimals)
  if math.type(units) == "integer" and units <= M.MAX // scale then
    return units * scale
  end
  local scaled = math.floor(units * scale + 1e-6)
  if math.type(scaled) ~= "integer" then
    fail("units", "a number whose amount is below 2^63", units)
  end
  return scaled
end

-- Base units to human units (a float: for logs and decisions, not for amounts).
function M.to_units(base, decimals)
  decimals = decimals or 6
  check_decimals(decimals)
  return M.integer(base) / 10 ^ decimals
end

-- `pct` percent of `base`, rounded down: percent(1000000, 2.5) is 25000.
function M.percent(base, pct)
  base = M.integer(base)
  check_number("pct", pct)
  return M.fraction(base, math.floor(pct * 1e6 + 0.5), 100000000)
end

-- base × numerator / denominator, rounded down, exact: the product never leaves 64 bits.
function M.fraction(base, numerator, denominator)
  base = M.integer(base)
  numerator = M.integer(numerator)
  denominator = M.integer(denominator)
  if denominator == 0 then
    fail("denominator", "a positive integer", denominator)
  end
  local whole, rest = base // denominator, base % denominator
  if numerator ~= 0 and (whole > M.MAX // numerator or rest > M.MAX // numerator) then
    fail("numerator", "a number whose product stays below 2^63", numerator)
  end
  return whole * numerator + rest * numerator // denominator
end

-- The smaller of several amounts: clamp(wanted, vault.exposure_headroom, vault.max_single_position).
function M.clamp(first, ...)
  local least = M.integer(first)
  for i = 1, select("#", ...) do
    least = math.min(least, M.integer((select(i, ...))))
  end
  return least
end

return M
