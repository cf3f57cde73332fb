-- expect: SCRIPT
-- says: protected
-- a protected metatable stays
local action = require "orrery.action"
return {
  name = "meta_protected",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local t = setmetatable({}, {__metatable = "no"}) assert(getmetatable(t) == "no") setmetatable(t, {})
  end,
}
