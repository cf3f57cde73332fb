-- one table, 64 times
-- expect: OK
local action = require "orrery.action"

return {
  name = "ret_shared_action", vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local t, a = {}, action.noop("same")
    for i = 1, 64 do t[i] = a end
    return t
  end,
}
