-- expect: DEADLINE at load
-- the same behind pcall
while true do pcall(function() while true do end end) end
