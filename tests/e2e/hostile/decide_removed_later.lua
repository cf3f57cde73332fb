-- decide replaced by a callable table after the first tick
-- expect: SCRIPT or OK
-- says: decide must be a function
-- fires: 2
local action = require "orrery.action"
local M = { name = "decide_removed_later", vault_id = "v", triggers = { { kind = "manual" } } }
function M.decide()
  M.decide = setmetatable({}, { __call = function() return action.noop("y") end })
  setmetatable(M, { __index = function() error("asked") end })
  return action.noop("x")
end
return M
