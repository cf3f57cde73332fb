-- expect: OK
-- a table that is its own metatable
local action = require "orrery.action"
return {
  name = "meta_self",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local t = {} t.__index = t setmetatable(t, t) local _ = pcall(function() return t.x end) return action.noop("contained")
  end,
}
