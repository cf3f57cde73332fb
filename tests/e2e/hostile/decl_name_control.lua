-- a name full of terminal control
-- expect: SCRIPT at load
-- says: name
return { name = "\27[2J\u{202e}\r\n", vault_id = "v", triggers = { { kind = "manual" } }, decide = function() end }
