-- 10,000 triggers
-- expect: SCRIPT at load
-- says: 16
local t = {}
for i = 1, 10000 do t[i] = { kind = "manual" } end
return { name = "decl_many_triggers", vault_id = "v", triggers = t, decide = function() end }
