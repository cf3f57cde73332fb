-- expect: SCRIPT
-- says: string is read-only
-- another metatable for a library
local action = require "orrery.action"
return {
  name = "tamper_setmetatable",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    setmetatable(string, {__newindex = rawset})
  end,
}
