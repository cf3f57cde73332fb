-- a declaration nested without end
-- expect: SCRIPT at load
-- says: nested
local t = {}
for _ = 1, 100000 do t = { t } end
return { name = "decl_deep", vault_id = "v", triggers = t, decide = function() end }
