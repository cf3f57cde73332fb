-- a list whose second item is a proxy
-- expect: SCRIPT_RESULT
-- says: action 2
local action = require "orrery.action"

return {
  name = "ret_list_of_proxies", vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    return { action.noop("x"), setmetatable({}, { __index = action.noop("y") }) }
  end,
}
