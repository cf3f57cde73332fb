-- as many actions as allowed
-- expect: OK
local action = require "orrery.action"

return {
  name = "ret_sixty_four", vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local t = {}
    for i = 1, 64 do t[i] = action.noop("n" .. i) end
    return t
  end,
}
