-- expect: RESULT
-- ten thousand actions
local action = require "orrery.action"
return {
  name = "result_wide",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local t = {} for i = 1, 10000 do t[i] = action.noop("x") end return t
  end,
}
