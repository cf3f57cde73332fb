-- expect: OK
-- a byte-order mark, as some editors write it, is skipped
local action = require "orrery.action"
return { name = "parse_bom", vault_id = "v", triggers = {{kind = "manual"}}, decide = function() return action.noop("contained") end }
