-- intervals that are no intervals
-- expect: SCRIPT at load
-- says: every_seconds
return { name = "decl_cron_numbers", vault_id = "v", triggers = { { kind = "cron", every_seconds = 1e300 }, { kind = "cron", every_seconds = -1 }, { kind = "cron", every_seconds = 0/1 }, { kind = "cron", every_seconds = "5" } }, decide = function() end }
