-- parameters whose bounds make no sense
-- expect: SCRIPT at load
-- says: params
return { name = "decl_params_weird", vault_id = "v", triggers = { { kind = "manual" } }, params = { a = { type = "integer", default = 5, min = 10, max = 1 }, b = { type = "integer", default = 2^53 + 1.5 }, c = { type = "string", default = 1 }, d = { type = "nosuch" } }, decide = function() end }
