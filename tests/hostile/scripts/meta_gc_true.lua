-- expect: SCRIPT
-- says: __gc
-- __gc = true, to be swapped later
local action = require "orrery.action"
return {
  name = "meta_gc_true",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local m = {__gc = true} local t = setmetatable({}, m) m.__gc = function() while true do end end
  end,
}
