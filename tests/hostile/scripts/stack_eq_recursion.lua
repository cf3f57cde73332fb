-- expect: SCRIPT
-- says: stack overflow
-- __eq that compares again
local action = require "orrery.action"
return {
  name = "stack_eq_recursion",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local m = {} m.__eq = function(a, b) return a == b end return setmetatable({}, m) == setmetatable({}, m)
  end,
}
