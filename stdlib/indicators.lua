-- orrery.indicators: moving averages and friends.
--
-- Two forms of each indicator:
--
-- 1. Over an array, oldest value first. Pure functions; nil while the array is too short.
--
--      indicators.sma(closes, 20)      --> mean of the newest 20, or nil
--
-- 2. Incremental: a small table that can live in ctx.state, fed with one value at a time. Nothing
--    is recomputed, so that a tick costs the same whatever the length.
--
--      local fast = ctx.state:get("fast") or indicators.ema_new(10)
--      local value = indicators.ema_add(fast, ctx.market.btc.spot)   --> value, or nil while warming up
--      ctx.state:set("fast", fast)
--
-- Units: whatever goes in comes out; returns and volatility are fractions (0.01 is 1 %).
-- Errors: a length that is no integer in range, or a value that is no finite number, raises an error
-- that names it.

local M = {}

-- Longest window: keeps what goes into ctx.state far below its limit of 64 KiB a value.
M.MAX_LENGTH = 2000

local function check_length(length, least)
  if math.type(length) ~= "integer" or length < least or length > M.MAX_LENGTH then
    error(string.format("length: expected an integer from %d to %d, got %s", least, M.MAX_LENGTH, tostring(length)), 3)
  end
end

local function check_value(value, index)
  if type(value) ~= "number" or value ~= value or value == math.huge or value == -math.huge then
    local where = index and string.format("value %d", index) or "value"
    error(string.format("%s: expected a finite number, got %s", where, tostring(value)), 3)
  end
end

local function check_values(values)
  if type(values) ~= "table" then
    error("values: expected an array of numbers, got " .. type(values), 3)
  end
  for i = 1, #values do
    check_value(values[i], i)
  end
end

-- Over arrays --------------------------------------------------------------------------------

local function mean_of_newest(values, length)
  local sum = 0
  for i = #values - length + 1, #values do
    sum = sum + values[i]
  end
  return sum / length
end

-- Simple moving average of the newest `length` values.
function M.sma(values, length)
  check_values(values)
  check_length(length, 1)
  if #values < length then
    return nil
  end
  return mean_of_newest(values, length)
end

-- Exponential moving average over the whole array, weight 2 / (length + 1), started with the mean
-- of the first `length` values.
function M.ema(values, length)
  check_values(values)
  local ema = M.ema_new(length)
  local result
  for i = 1, #values do
    result = M.ema_add(ema, values[i])
  end
  return result
end

-- Wilder's relative strength index, 0 to 100. Needs length + 1 values. 50 when nothing has moved.
function M.rsi(values, length)
  check_values(values)
  local rsi = M.rsi_new(length)
  local result
  for i = 1, #values do
    result = M.rsi_add(rsi, values[i])
  end
  return result
end

-- Sample standard deviation (divisor n - 1) of the newest `length` values.
function M.stdev(values, length)
  check_values(values)
  check_length(length, 2)
  if #values < length then
    return nil
  end
  local mean = mean_of_newest(values, length)
  local squares = 0
  for i = #values - length + 1, #values do
    squares = squares + (values[i] - mean) ^ 2
  end
  return math.sqrt(squares / (length - 1))
end

-- Simple returns v[i] / v[i-1] - 1: one fewer than there are values.
function M.returns(values)
  check_values(values)
  local result = {}
  for i = 2, #values do
    if values[i - 1] == 0 then
      error(string.format("value %d: expected a number other than 0 to divide by", i - 1), 2)
    end
    result[i - 1] = values[i] / values[i - 1] - 1
  end
  return result
end

-- Logarithmic returns log(v[i] / v[i-1]); all values must be above 0.
function M.log_returns(values)
  check_values(values)
  local result = {}
  for i = 1, #values do
    if values[i] <= 0 then
      error(string.format("value %d: expected a number above 0, got %s", i, tostring(values[i])), 2)
    end
    if i > 1 then
      result[i - 1] = math.log(values[i] / values[i - 1])
    end
  end
  return result
end

-- Incremental --------------------------------------------------------------------------------

-- A ring of the newest `length` values: {length, next, values}. Stored as it is in ctx.state.
function M.window_new(length)
  check_length(length, 1)
  return { length = length, at = 1, values = {} }
end

-- Adds a value; returns the one that fell out, or nil while the window is filling.
function M.window_add(window, value)
  check_value(value)
  local dropped = window.values[window.at]
  window.values[window.at] = value
  window.at = window.at % window.length + 1
  return dropped
end

function M.window_full(window)
  return #window.values == window.length
end

-- The window's values, oldest first: a new array, fit for the functions above.
function M.window_values(window)
  local count = #window.values
  local first = count == window.length and window.at or 1
  local result = {}
  for i = 0, count - 1 do
    result[i + 1] = window.values[(first - 1 + i) % count + 1]
  end
  return result
end

-- Simple moving average. The mean is taken afresh from the window: a running sum would drift.
function M.sma_new(length)
  return M.window_new(length)
end

function M.sma_add(window, value)
  M.window_add(window, value)
  return M.sma_value(window)
end

function M.sma_value(window)
  if not M.window_full(window) then
    return nil
  end
  return mean_of_newest(window.values, window.length)
end

-- Exponential moving average: {length, count, value}.
function M.ema_new(length)
  check_length(length, 1)
  return { length = length, count = 0, value = 0.0 }
end

function M.ema_add(ema, value)
  check_value(value)
  ema.count = ema.count + 1
  if ema.count <= ema.length then
    ema.value = ema.value + (value - ema.value) / ema.count
  else
    ema.value = ema.value + (value - ema.value) * 2 / (ema.length + 1)
  end
  return M.ema_value(ema)
end

function M.ema_value(ema)
  if ema.count < ema.length then
    return nil
  end
  return ema.value
end

-- Relative strength index: {length, count, gain, loss, last}.
function M.rsi_new(length)
  check_length(length, 1)
  return { length = length, count = 0, gain = 0.0, loss = 0.0 }
end

function M.rsi_add(rsi, value)
  check_value(value)
  if rsi.last then
    local move = value - rsi.last
    rsi.count = rsi.count + 1
    local weight = 1 / math.min(rsi.count, rsi.length)
    rsi.gain = rsi.gain + (math.max(move, 0) - rsi.gain) * weight
    rsi.loss = rsi.loss + (math.max(-move, 0) - rsi.loss) * weight
  end
  rsi.last = value
  return M.rsi_value(rsi)
end

function M.rsi_value(rsi)
  if rsi.count < rsi.length then
    return nil
  end
  if rsi.gain + rsi.loss == 0 then
    return 50.0
  end
  return 100 * rsi.gain / (rsi.gain + rsi.loss)
end

-- Standard deviation of a window, incremental form: {length, at, values}.
function M.stdev_new(length)
  check_length(length, 2)
  return M.window_new(length)
end

function M.stdev_add(window, value)
  M.window_add(window, value)
  return M.stdev_value(window)
end

function M.stdev_value(window)
  if not M.window_full(window) then
    return nil
  end
  return M.stdev(window.values, window.length)
end

return M
