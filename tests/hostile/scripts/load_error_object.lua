-- expect: SCRIPT at load
-- says: error object is a table
-- a table thrown while loading
error({})
