-- expect: SCRIPT
-- says: 'for' step is zero
-- a loop without a step
local action = require "orrery.action"
return {
  name = "c_for_zero_step",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    for i = 1, 2, 0 do end
  end,
}
