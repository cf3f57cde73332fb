-- orrery.cooldown: "not again for a while", on top of ctx.state's expiring keys.
--
--   local cooldown = require "orrery.cooldown"
--
--   if cooldown.active(ctx, "entry") then
--     return action.noop("cooling down")
--   end
--   cooldown.start(ctx, "entry", 60000)
--
-- A cooldown is a key "cooldown:<name>" set with a TTL: it ends by itself, survives a restart, and
-- leaves nothing to clean up. Its value is the time at which it ends (ms since the epoch).
--
-- `ctx` is the argument of decide(); `name` is yours (up to 240 bytes); durations are milliseconds,
-- positive integers. Wrong arguments raise an error that names them.

local M = {}

local PREFIX = "cooldown:"

local function key_of(name)
  if type(name) ~= "string" or name == "" or #name > 240 then
    error("name: expected a string of 1 to 240 bytes, got " .. type(name), 3)
  end
  return PREFIX .. name
end

local function check_duration(ms)
  if math.type(ms) ~= "integer" or ms <= 0 then
    error("duration: expected a positive integer of milliseconds, got " .. tostring(ms), 3)
  end
end

-- Starts the cooldown, or starts it anew. Returns the time at which it ends.
function M.start(ctx, name, ms)
  local key = key_of(name)
  check_duration(ms)
  local ends = ctx.now + ms
  ctx.state:set_with_ttl(key, ends, ms)
  return ends
end

-- Is it running?
function M.active(ctx, name)
  return ctx.state:has(key_of(name))
end

-- Milliseconds until it ends; 0 when it is not running.
function M.remaining(ctx, name)
  local ends = ctx.state:get(key_of(name))
  return ends and math.max(ends - ctx.now, 0) or 0
end

-- Ends it now. Harmless when it is not running.
function M.clear(ctx, name)
  ctx.state:delete(key_of(name))
end

-- Starts it unless it is running: true when this call started it. The whole pattern in one line:
--   if not cooldown.try(ctx, "entry", 60000) then return action.noop("cooling down") end
function M.try(ctx, name, ms)
  check_duration(ms)
  if ctx.state:has(key_of(name)) then
    return false
  end
  M.start(ctx, name, ms)
  return true
end

-- Has `id` been seen within the last `ms`? Remembers it when not. For events that may come twice.
function M.seen(ctx, id, ms)
  return not M.try(ctx, "seen:" .. tostring(id), ms)
end

return M
