-- the declaration as a proxy
-- expect: SCRIPT at load
-- says: metatable
return setmetatable({}, { __index = { name = "a", vault_id = "v", triggers = {}, decide = print } })
