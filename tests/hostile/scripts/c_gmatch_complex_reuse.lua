-- expect: OK
-- "pattern too complex" again and again on one iterator
local action = require "orrery.action"
return {
  name = "c_gmatch_complex_reuse",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local it = (("x"):rep(5000)):gmatch(("x?"):rep(220))
    for i = 1, 1000 do pcall(it) end
    return action.noop("contained")
  end,
}
