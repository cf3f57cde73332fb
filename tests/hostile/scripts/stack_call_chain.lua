-- expect: SCRIPT
-- says: '__call' must be a function
-- a __call that is itself a callable table, a thousand deep
local action = require "orrery.action"
return {
  name = "stack_call_chain",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local f = function() end for i = 1, 1000 do f = setmetatable({}, {__call = f}) end f()
  end,
}
