-- expect: OK
-- tonumber with absurd bases
local action = require "orrery.action"
return {
  name = "c_tonumber_abuse",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    for _, b in ipairs {-1, 0, 1, 37, math.maxinteger} do pcall(tonumber, "10", b) end pcall(tonumber, ("z"):rep(100000), 36) return action.noop("contained")
  end,
}
