-- expect: OK
-- __gc behind an __index of the metatable is not seen by Lua
local action = require "orrery.action"
return {
  name = "meta_hidden_by_index",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    setmetatable({}, setmetatable({}, {__index = {__gc = function() while true do end end}})) return action.noop("contained")
  end,
}
