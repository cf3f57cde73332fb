-- bounds that are tables
-- expect: SCRIPT at load
-- says: params
return { name = "decl_params_minmax", vault_id = "v", triggers = { { kind = "manual" } }, params = { a = { type = "integer", default = 5, min = {}, max = "9" } }, decide = function() end }
