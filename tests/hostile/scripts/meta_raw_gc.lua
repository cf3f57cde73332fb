-- expect: SCRIPT
-- says: __gc
-- __gc put in by rawset
local action = require "orrery.action"
return {
  name = "meta_raw_gc",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local m = {} rawset(m, "__gc", print) setmetatable({}, m)
  end,
}
