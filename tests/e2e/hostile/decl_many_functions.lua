-- a thousand functions
-- expect: SCRIPT at load
-- says: 64 fields
local d = { name = "decl_many_functions", vault_id = "v", triggers = { { kind = "manual" } }, decide = function() end }
for i = 1, 1000 do d["f" .. i] = function() end end
return d
