-- expect: SCRIPT at load
-- says: jumps into the scope
-- a jump into the scope of a local
goto inside
local x
::inside:: print(x)
return {}
