-- schedules that never come
-- expect: SCRIPT at load
-- says: schedule
return { name = "decl_cron_schedules", vault_id = "v", triggers = { { kind = "cron", schedule = "0 0 31 2 *" }, { kind = "cron", schedule = ("*"):rep(10000) }, { kind = "cron", schedule = "* * * * *", tz = "../../etc/passwd" } }, decide = function() end }
