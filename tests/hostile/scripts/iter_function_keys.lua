-- expect: SCRIPT
-- says: no repeatable order
-- keys without a repeatable order
local action = require "orrery.action"
return {
  name = "iter_function_keys",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    for k in pairs({[print] = 1, [{}] = 2}) do end
  end,
}
