-- expect: SCRIPT at load
-- says: const variable
-- an assignment to a constant
local x <const> = 1
x = 2
return {}
