-- expect: SCRIPT
-- says: stack overflow
-- gsub inside the callback of gsub inside …
local action = require "orrery.action"
return {
  name = "stack_gsub_recursion",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local function f() return ("x"):gsub("x", f) end return f()
  end,
}
