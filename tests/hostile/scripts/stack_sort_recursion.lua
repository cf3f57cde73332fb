-- expect: SCRIPT
-- says: stack overflow
-- sort inside the comparator of sort inside …
local action = require "orrery.action"
return {
  name = "stack_sort_recursion",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local function f() table.sort({2, 1}, f) end f()
  end,
}
