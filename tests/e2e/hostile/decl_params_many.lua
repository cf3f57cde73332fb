-- too many parameters
-- expect: SCRIPT at load
-- says: 64
local p = {}
for i = 1, 500 do p["p" .. i] = { type = "integer", default = i } end
return { name = "decl_params_many", vault_id = "v", triggers = { { kind = "manual" } }, params = p, decide = function() end }
