-- the heap stays full between ticks: even ctx cannot be made
-- expect: MEMORY or OK or DEADLINE
-- fires: 6
local action = require "orrery.action"
local held = nil
local function fill() while true do held = { held } end end

return {
  name = "brim_between_ticks", vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    pcall(fill)
    return action.noop("x")
  end,
}
