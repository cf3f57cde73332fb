-- expect: OK
-- an iterator of gmatch that failed is called again: its depth counter is off
local action = require "orrery.action"
return {
  name = "c_gmatch_reuse",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local it = (("a"):rep(1000)):gmatch(("(a?"):rep(31) .. (")"):rep(31) .. "%")
    for i = 1, 1000 do pcall(it) end
    return action.noop("contained")
  end,
}
