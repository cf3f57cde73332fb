-- expect: RESULT
-- a list that contains itself
local action = require "orrery.action"
return {
  name = "result_cycle",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local t = {} t[1] = t return t
  end,
}
