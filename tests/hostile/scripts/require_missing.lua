-- expect: SCRIPT at load
-- says: did you mean 'orrery.action'
-- a module that does not exist
local x = require "orrery.acton"
return {}
