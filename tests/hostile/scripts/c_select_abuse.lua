-- expect: OK
-- select with absurd positions
local action = require "orrery.action"
return {
  name = "c_select_abuse",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    for _, n in ipairs {0, -1, -5, math.mininteger, math.maxinteger, 2^60} do pcall(select, n, 1, 2) end return action.noop("contained")
  end,
}
