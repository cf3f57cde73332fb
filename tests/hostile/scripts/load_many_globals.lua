-- expect: OK at load or MEMORY at load
-- ten thousand globals
for i = 1, 10000 do _G["g" .. i] = i end
return { decide = function() end }
