-- expect: OK
-- loops at the edge of the integers
local action = require "orrery.action"
return {
  name = "c_for_overflow",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local n = 0 for i = math.maxinteger - 1, math.maxinteger do n = n + 1 end for i = math.mininteger + 1, math.mininteger, -1 do n = n + 1 end for i = 1, 0/0 do n = n + 1 end assert(n == 4) return action.noop("contained")
  end,
}
