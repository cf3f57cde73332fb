-- expect: SCRIPT
-- says: _G is read-only
-- another metatable for the globals
local action = require "orrery.action"
return {
  name = "tamper_setmetatable_globals",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    setmetatable(_G, nil)
  end,
}
