-- expect: DEADLINE at load
-- an endless loop at the top of the file
while true do end
