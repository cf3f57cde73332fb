-- expect: SCRIPT
-- table.move from the least integer
local action = require "orrery.action"
return {
  name = "c_move_negative",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    return table.move({}, math.mininteger, math.maxinteger, 1)
  end,
}
