-- expect: OK
-- a file that returns two tables: the first counts
local action = require "orrery.action"
return { name = "load_returns_two", vault_id = "v", triggers = {{kind = "manual"}}, decide = function() return action.noop("contained") end }, { decide = error }
