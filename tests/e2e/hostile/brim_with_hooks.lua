-- the heap is full when the hooks are called
-- expect: MEMORY or OK or DEADLINE
-- fires: 5
local action = require "orrery.action"
local held = nil
local function fill() while true do held = { held } end end

return {
  name = "brim_with_hooks", vault_id = "v",
  triggers = { { kind = "manual" } },
  on_executed = function(ctx, result) pcall(fill) pcall(function() return ctx.last end) end,
  on_error = function(ctx, e) pcall(fill) error(e) end,
  decide = function(ctx)
    pcall(fill)
    error("x")
  end,
}
