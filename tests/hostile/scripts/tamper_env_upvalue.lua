-- expect: OK
-- the whole file swaps its _ENV
local action = require "orrery.action"
local real = _ENV
_ENV = {}
x = 1
print = nil
return { name = "tamper_env_upvalue", vault_id = "v", triggers = {{kind = "manual"}},
  decide = function() real.assert(real.print) return action.noop("contained") end }
