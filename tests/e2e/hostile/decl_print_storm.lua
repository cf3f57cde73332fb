-- prints until its time is up, then returns rubbish
-- expect: SCRIPT at load
for i = 1, 100000 do print(("\27[31m"):rep(100)) end
return 1
