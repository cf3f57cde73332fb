-- expect: MEMORY at load
-- a memory bomb at the top of the file
local t = {} while true do t[#t + 1] = ("x"):rep(200000) .. #t end
