-- expect: OK
-- getmetatable must not hand out the protection
local action = require "orrery.action"
return {
  name = "tamper_through_getmetatable",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local m = getmetatable(string) assert(type(m) ~= "table") assert(not pcall(function() m.__newindex = nil end)) return action.noop("contained")
  end,
}
