-- expect: SCRIPT
-- says: range too long
-- table.move over an endless range
local action = require "orrery.action"
return {
  name = "c_move_huge",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    return table.move({}, 1, 1e15, 2)
  end,
}
