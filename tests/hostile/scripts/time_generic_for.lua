-- expect: DEADLINE
-- an iterator that never returns nil
local action = require "orrery.action"
return {
  name = "time_generic_for",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    for _ in function() return 1 end do end
  end,
}
