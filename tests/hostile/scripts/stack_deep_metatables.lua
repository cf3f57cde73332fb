-- expect: OK or SCRIPT
-- a chain of 5,000 __index tables
local action = require "orrery.action"
return {
  name = "stack_deep_metatables",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local t = {} for i = 1, 5000 do t = setmetatable({}, {__index = t}) end local _ = pcall(function() return t.x end) return action.noop("contained")
  end,
}
