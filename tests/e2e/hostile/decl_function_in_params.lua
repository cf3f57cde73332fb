-- a function among the parameters
-- expect: SCRIPT at load
-- says: params.a.default
return { name = "decl_function_in_params", vault_id = "v", triggers = { { kind = "manual" } }, params = { a = { type = "integer", default = function() end } }, decide = function() end }
