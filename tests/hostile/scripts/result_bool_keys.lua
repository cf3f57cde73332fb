-- expect: RESULT
-- keys that are booleans
local action = require "orrery.action"
return {
  name = "result_bool_keys",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    return {[true] = 1, [false] = 2}
  end,
}
