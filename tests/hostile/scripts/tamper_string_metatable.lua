-- expect: OK
-- the metatable of strings is out of reach
local action = require "orrery.action"
return {
  name = "tamper_string_metatable",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local m = getmetatable("") assert(type(m) ~= "table") assert(not pcall(setmetatable, "", {})) return action.noop("contained")
  end,
}
