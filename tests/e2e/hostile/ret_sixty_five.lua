-- one action more than allowed
-- expect: SCRIPT_RESULT
-- says: at most 64 actions
local action = require "orrery.action"

return {
  name = "ret_sixty_five", vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local t = {}
    for i = 1, 65 do t[i] = action.noop("n" .. i) end
    return t
  end,
}
