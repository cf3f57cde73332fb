-- expect: OK or SCRIPT
-- ctx taken apart
local action = require "orrery.action"
return {
  name = "tamper_ctx",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    for _, f in ipairs {function() ctx.now = 0 end, function() setmetatable(ctx, {}) end, function() rawset(ctx, "now", {}) end, function() ctx.state = nil end, function() for k in pairs(ctx) do ctx[k] = nil end end} do pcall(f) end return action.noop("contained")
  end,
}
