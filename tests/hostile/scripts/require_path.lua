-- expect: SCRIPT at load
-- says: no module
-- a module name that is a path
local x = require "../../../etc/passwd"
return {}
