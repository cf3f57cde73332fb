-- expect: SCRIPT
-- says: __gc
-- __gc put into what getmetatable gives
local action = require "orrery.action"
return {
  name = "meta_gc_through_get",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local t = setmetatable({}, {}) getmetatable(t).__gc = function() while true do end end setmetatable({}, getmetatable(t))
  end,
}
