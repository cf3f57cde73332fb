-- expect: SCRIPT at load
-- says: must return a table
-- a file that returns a number
return 5
