-- decide as a callable table
-- expect: SCRIPT at load
-- says: decide
return { name = "decl_callable_decide", vault_id = "v", triggers = { { kind = "manual" } }, decide = setmetatable({}, { __call = function() end }) }
