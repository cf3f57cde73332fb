-- nan where a number belongs
-- expect: SCRIPT at load
-- says: nan
return { name = "decl_nan", vault_id = "v", triggers = { { kind = "cron", every_seconds = 0/0 } }, decide = function() end }
