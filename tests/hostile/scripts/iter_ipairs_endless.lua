-- expect: DEADLINE
-- ipairs over an __index that always answers
local action = require "orrery.action"
return {
  name = "iter_ipairs_endless",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    for i in ipairs(setmetatable({}, {__index = function(_, i) return i end})) do end
  end,
}
