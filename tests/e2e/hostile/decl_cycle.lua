-- a declaration that contains itself
-- expect: SCRIPT at load
-- says: params
local d = { name = "decl_cycle", vault_id = "v", decide = function() end }
d.triggers = { { kind = "manual" } }
d.params = { a = d.triggers, b = d }
return d
