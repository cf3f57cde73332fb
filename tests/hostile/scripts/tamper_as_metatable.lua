-- expect: SCRIPT
-- says: read-only table cannot be a metatable
-- a library as a metatable leads to its real table
local action = require "orrery.action"
return {
  name = "tamper_as_metatable",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local m = getmetatable(setmetatable({}, string)) m.rep = nil
  end,
}
