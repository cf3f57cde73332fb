-- expect: SCRIPT at load
-- says: not a module's name
-- a module name of 100,000 bytes
local x = require(("x"):rep(100000))
return {}
