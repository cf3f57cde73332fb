-- expect: SCRIPT at load
-- says: no module
-- the libraries that are not there
local io = require "io"
return {}
