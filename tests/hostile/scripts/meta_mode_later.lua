-- expect: OK
-- __mode added after setmetatable has no effect
local action = require "orrery.action"
return {
  name = "meta_mode_later",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local m = {} local t = setmetatable({}, m) m.__mode = "kv" t[1] = {} for i = 1, 20000 do local x = {} end assert(t[1]) return action.noop("contained")
  end,
}
