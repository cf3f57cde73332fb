-- expect: OK
-- __gc added after setmetatable has no effect
local action = require "orrery.action"
return {
  name = "meta_gc_later",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local m = {} for i = 1, 100 do setmetatable({}, m) end m.__gc = function() while true do end end m.__close = m.__gc for i = 1, 2000 do local t = {} end return action.noop("contained")
  end,
}
