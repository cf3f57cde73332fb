-- a name of 200 KB
-- expect: SCRIPT at load
-- says: name
return { name = ("n"):rep(200000), vault_id = "v", triggers = { { kind = "manual" } }, decide = function() end }
