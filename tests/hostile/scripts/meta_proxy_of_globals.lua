-- expect: OK
-- a proxy of the globals is only a proxy
local action = require "orrery.action"
return {
  name = "meta_proxy_of_globals",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local env = setmetatable({}, {__index = _G}) env.print = 1 env.string = nil assert(print ~= 1 and string.rep) return action.noop("contained")
  end,
}
