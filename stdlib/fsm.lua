-- orrery.fsm: a small state machine kept in ctx.state.
--
--   local fsm = require "orrery.fsm"
--
--   local machine = fsm.new {
--     initial = "flat",
--     transitions = {
--       { from = "flat",              event = "enter", to = "long" },
--       { from = "long",              event = "exit",  to = "flat" },
--       { from = { "flat", "long" },  event = "halt",  to = "halted" },
--     },
--   }
--
--   -- in decide(ctx):
--   if machine:state(ctx) == "flat" and signal then
--     machine:fire(ctx, "enter")          --> "long", or nil when "enter" is not allowed here
--   end
--
-- fsm.new() belongs at the top of the file: it checks the definition once, at load, so that a typing
-- error is found by `orrery check`. The current state is one key in ctx.state, "fsm" unless `key` says
-- otherwise: {state, since}, where since is ctx.now of the last change (ms).
--
-- A transition may carry `guard = function(ctx, data) → boolean` (refused when false) and
-- `action = function(ctx, data)` (called before the state is written; when it throws, nothing changes).

local M = {}
local machine_methods = {}

local function list_of(value)
  return type(value) == "table" and value or { value }
end

local function is_name(value)
  return type(value) == "string" and value ~= ""
end

local function is_optional_function(value)
  return value == nil or type(value) == "function"
end

-- Enters one transition into table_of[from][event]; returns what is wrong with it, or nil.
local function add_transition(table_of, transition)
  if type(transition) ~= "table" then
    return "expected a table, got " .. type(transition)
  end
  for _, field in ipairs { "event", "to" } do
    if not is_name(transition[field]) then
      return field .. ": expected a non-empty string, got " .. type(transition[field])
    end
  end
  if not (is_optional_function(transition.guard) and is_optional_function(transition.action)) then
    return "guard and action: expected functions"
  end
  local froms = list_of(transition.from)
  if #froms == 0 then
    return "from: expected a state or an array of states, got " .. type(transition.from)
  end
  for _, from in ipairs(froms) do
    if not is_name(from) then
      return "from: expected a non-empty string, got " .. type(from)
    end
    local events = table_of[from] or {}
    if events[transition.event] then
      return string.format("'%s' already has an event '%s'", from, transition.event)
    end
    events[transition.event] = transition
    table_of[from] = events
  end
  table_of[transition.to] = table_of[transition.to] or {}
end

-- Checks a definition {initial, transitions, key?} and returns the machine. Raises what is wrong.
function M.new(definition)
  if type(definition) ~= "table" or type(definition.transitions) ~= "table" then
    error("fsm: expected { initial = …, transitions = { … } }", 2)
  end
  local table_of = {}
  for index, transition in ipairs(definition.transitions) do
    local problem = add_transition(table_of, transition)
    if problem then
      error(string.format("fsm: transition %d: %s", index, problem), 2)
    end
  end
  if not table_of[definition.initial] then
    error(string.format("fsm: initial: '%s' is in no transition", tostring(definition.initial)), 2)
  end
  local machine = { initial = definition.initial, table_of = table_of, key = definition.key or "fsm" }
  for name, method in pairs(machine_methods) do
    machine[name] = method
  end
  return machine
end

local function read(self, ctx)
  local kept = ctx.state:get(self.key)
  if kept and self.table_of[kept.state] then
    return kept
  end
  return { state = self.initial, since = ctx.now } -- never fired, or a state that the new code no longer has
end

-- The name of the current state.
function machine_methods.state(self, ctx)
  return read(self, ctx).state
end

-- Milliseconds since the last change (0 before the first).
function machine_methods.age(self, ctx)
  return ctx.now - read(self, ctx).since
end

-- Would `event` change the state now? Asks the guard.
function machine_methods.can(self, ctx, event, data)
  local transition = self.table_of[read(self, ctx).state][event]
  if not transition then
    return false
  end
  return transition.guard == nil or transition.guard(ctx, data) == true
end

-- Fires `event`: the new state's name, or nil and the reason when it is not allowed in this state.
function machine_methods.fire(self, ctx, event, data)
  local current = read(self, ctx).state
  local transition = self.table_of[current][event]
  if not transition then
    return nil, string.format("'%s' is no event of state '%s'", tostring(event), current)
  end
  if transition.guard and not transition.guard(ctx, data) then
    return nil, string.format("guard refused '%s' in state '%s'", event, current)
  end
  if transition.action then
    transition.action(ctx, data)
  end
  ctx.state:set(self.key, { state = transition.to, since = ctx.now })
  return transition.to
end

-- Back to the initial state.
function machine_methods.reset(self, ctx)
  ctx.state:delete(self.key)
end

return M
