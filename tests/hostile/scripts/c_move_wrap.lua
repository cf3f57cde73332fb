-- expect: SCRIPT
-- table.move that wraps around the integers
local action = require "orrery.action"
return {
  name = "c_move_wrap",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    return table.move({1, 2, 3}, 1, 3, math.maxinteger - 1)
  end,
}
