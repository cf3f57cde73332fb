-- expect: RESULT
-- nothing at all
local action = require "orrery.action"
return {
  name = "result_nil",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)

  end,
}
