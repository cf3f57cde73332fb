-- expect: SCRIPT at load
-- says: plain table
-- a strategy with a metatable
return setmetatable({}, {__index = function() while true do end end})
