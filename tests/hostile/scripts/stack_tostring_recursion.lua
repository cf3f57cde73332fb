-- expect: SCRIPT
-- __tostring that calls tostring on itself
local action = require "orrery.action"
return {
  name = "stack_tostring_recursion",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local t = {} setmetatable(t, {__tostring = function(x) return tostring(x) end}) return tostring(t)
  end,
}
