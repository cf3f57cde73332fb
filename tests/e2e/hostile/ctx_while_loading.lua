-- ctx does not exist while loading
-- expect: SCRIPT at load
-- says: global 'ctx'
local x = ctx.now
return {}
