-- expect: OK
-- a global defined while loading may be used
local action = require "orrery.action"
function helper() return action.noop("contained") end
return { name = "load_global_use", vault_id = "v", triggers = {{kind = "manual"}}, decide = function() return helper() end }
