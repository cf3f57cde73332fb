-- a vault that is terminal control
-- expect: SCRIPT at load
-- says: vault
return { name = "decl_vault_control", vault_id = "\27[31m\u{9b}", triggers = { { kind = "manual" } }, decide = function() end }
