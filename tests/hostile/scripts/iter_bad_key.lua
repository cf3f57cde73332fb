-- expect: OK
-- next with keys that never were in the table
local action = require "orrery.action"
return {
  name = "iter_bad_key",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    for _, k in ipairs {"nothing", 99, -1, 1.5, true} do next({1, 2, 3, x = 1}, k) end assert(not pcall(next, {}, {})) assert(not pcall(next, {}, print)) return action.noop("contained")
  end,
}
