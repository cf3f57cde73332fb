-- A ctx for tests in plain Lua: what decide() gets from the runtime, with a clock that the test moves.
--
-- State holds what the real one holds: values are copied in and out, keys expire at their deadline
-- exactly, and set_with_ttl refuses durations that are not positive.

local M = {}

local function copy(value)
  if type(value) ~= "table" then
    return value
  end
  local result = {}
  for key, item in pairs(value) do
    result[key] = copy(item)
  end
  return result
end

local function live(state, key)
  local entry = state.entries[key]
  if entry and (not entry.expires_at or entry.expires_at > state.ctx.now) then
    return entry
  end
end

local methods = {}

function methods.get(state, key)
  local entry = live(state, key)
  return entry and copy(entry.value)
end

function methods.get_or_default(state, key, fallback)
  local entry = live(state, key)
  if entry then
    return copy(entry.value)
  end
  return fallback
end

function methods.set(state, key, value)
  assert(type(key) == "string" and key ~= "" and #key <= 256, "bad key")
  assert(value ~= nil, "nil value")
  state.entries[key] = { value = copy(value) }
end

function methods.set_with_ttl(state, key, value, ttl_ms)
  assert(math.type(ttl_ms) == "integer" and ttl_ms > 0, "ttl_ms must be positive")
  methods.set(state, key, value)
  state.entries[key].expires_at = state.ctx.now + ttl_ms
end

function methods.delete(state, key)
  state.entries[key] = nil
end

function methods.has(state, key)
  return live(state, key) ~= nil
end

function methods.keys(state)
  local result = {}
  for key in pairs(state.entries) do
    if live(state, key) then
      result[#result + 1] = key
    end
  end
  table.sort(result)
  return result
end

local function state_new(ctx)
  local state = { entries = {}, ctx = ctx }
  for name, method in pairs(methods) do
    state[name] = method
  end
  return state
end

-- A market as the runtime shows it: one hour to expiry, 60 % volatility, a smile.
function M.market(now, spot)
  local years = 3600000 / (365 * 86400000)
  local variance = 0.36 * years
  return {
    spot = spot,
    forward = spot,
    at = now,
    stale = false,
    svi = { a = variance * 0.9, b = variance, rho = -0.1, m = 0.0, sigma = 0.1 },
    market_id = string.format("btc:%d", now + 3600000),
    expiry = now + 3600000,
    open = spot,
    high = spot,
    low = spot,
    close = spot,
    volume = 0.0,
  }
end

-- The defaults of a strategy's declared params, with the test's own values on top.
function M.params(strategy, overrides)
  local result = {}
  for name, declaration in pairs(strategy.params or {}) do
    result[name] = declaration.default
  end
  for name, value in pairs(overrides or {}) do
    assert(strategy.params[name], "no such param: " .. name)
    result[name] = value
  end
  return result
end

-- A ctx at `now` with market btc at `spot`. Everything in it may be changed by the test.
function M.ctx(options)
  local ctx = { now = options.now or 1700000000000, run_id = "1", dry_run = false }
  ctx.logged = {}
  ctx.log = {}
  for _, level in ipairs { "debug", "info", "warn", "error" } do
    ctx.log[level] = function(self, message, fields)
      assert(self == ctx.log, "call it with a colon")
      ctx.logged[#ctx.logged + 1] = { level = level, message = message, fields = fields }
    end
  end
  ctx.state = state_new(ctx)
  ctx.params = options.params or {}
  ctx.market = { btc = M.market(ctx.now, options.spot or 100000) }
  ctx.trigger = { kind = "cron", scheduled_at = ctx.now }
  ctx.lifecycle = { closures = {} }
  ctx.vault = {
    id = "btc-vault",
    is_frozen = false,
    quote_balance = 1000000000000,
    pm_balance = 0,
    nav = 1000000000000,
    max_single_position = 100000000000,
    exposure_headroom = 500000000000,
    open_positions = 0,
    positions = {},
    permissions = 255,
  }
  return ctx
end

-- "orrery.action" in plain Lua: constructors that mark the kind, nothing more.
function M.action()
  local function constructor(kind)
    return function(fields)
      local result = { kind = kind }
      for key, value in pairs(fields or {}) do
        result[key] = value
      end
      return result
    end
  end
  local action = { vault = {} }
  action.noop = function(reason)
    assert(type(reason) == "string" and reason ~= "", "a noop needs a reason")
    return { kind = "noop", reason = reason }
  end
  for _, kind in ipairs {
    "mint_binary", "mint_range", "redeem_binary", "redeem_range", "pm_deposit", "pm_withdraw",
    "supply_plp", "withdraw_plp", "refresh_nav_snapshot", "crystallize_fees",
  } do
    action.vault[kind] = constructor(kind)
  end
  action.call = constructor "call"
  action.emit = constructor "emit"
  return action
end

return M
