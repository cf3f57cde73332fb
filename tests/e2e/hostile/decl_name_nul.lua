-- a name with a NUL
-- expect: SCRIPT at load
-- says: name
return { name = "good\0bad", vault_id = "v", triggers = { { kind = "manual" } }, decide = function() end }
