-- a hook that is a function while loading and something else later
-- expect: OK
-- fires: 3
local action = require "orrery.action"
local M = { name = "hook_removed_later", vault_id = "v", triggers = { { kind = "manual" } }, on_executed = function() end }
function M.decide()
  M.on_executed = "gone"
  return action.noop("x")
end
return M
