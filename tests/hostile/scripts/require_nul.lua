-- expect: SCRIPT at load
-- says: not a module's name
-- a module name with a NUL
local x = require "orrery.action\0x"
return {}
