-- expect: KILL at load
-- the same while the file loads
local x = ("a"):rep(30000):find((".-"):rep(40) .. "b")
return {}
