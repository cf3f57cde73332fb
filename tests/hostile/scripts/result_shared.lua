-- expect: OK or RESULT
-- the same action twice
local action = require "orrery.action"
return {
  name = "result_shared",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local a = action.noop("contained") return {a, a}
  end,
}
