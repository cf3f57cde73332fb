-- expect: RESULT
-- the globals as the result
local action = require "orrery.action"
return {
  name = "result_globals",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    return _G
  end,
}
