-- a table as an error while loading
-- expect: SCRIPT at load
-- says: table
error(setmetatable({}, { __tostring = function() return "\27[2J" end }))
