-- expect: DEADLINE
-- an _ENV whose __index never ends
local action = require "orrery.action"
return {
  name = "time_env_index",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local _ENV = setmetatable({}, {__index = function() while 1 do end end}) return x
  end,
}
