-- expect: SCRIPT at load
-- says: unknown attribute
-- an unknown attribute
local x <evil> = 1
return {}
