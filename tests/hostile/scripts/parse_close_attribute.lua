-- expect: SCRIPT at load
-- says: __close
-- a to-be-closed variable needs __close, which is refused
local x <close> = setmetatable({}, {__close = function() end})
return {}
