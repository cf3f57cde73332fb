-- expect: OK or MEMORY
-- memory kept from call to call, until the limit
local action = require "orrery.action"
local keep = {}
return {
  name = "mem_upvalue_hoard",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    keep[#keep + 1] = ("x"):rep(200000) return action.noop("contained")
  end,
}
