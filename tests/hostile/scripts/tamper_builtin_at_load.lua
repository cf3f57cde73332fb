-- expect: SCRIPT at load
-- says: global 'pcall' is built in
-- a built-in replaced while loading
pcall = function() end
return {}
