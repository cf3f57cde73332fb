-- expect: SCRIPT at load
-- a module name that is a table
local x = require({})
return {}
