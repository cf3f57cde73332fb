-- expect: SCRIPT or OK
-- recursion through pcall, a C function
local action = require "orrery.action"
return {
  name = "stack_pcall_recursion",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local function f() local ok, e = pcall(f) if not ok then error(e, 0) end end f()
  end,
}
