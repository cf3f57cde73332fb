-- expect: SCRIPT
-- says: __gc
-- __gc is refused
local action = require "orrery.action"
return {
  name = "meta_gc",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    setmetatable({}, {__gc = function() end})
  end,
}
