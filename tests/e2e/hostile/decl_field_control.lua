-- a field's name that is terminal control
-- expect: SCRIPT at load
-- says: unknown key
return { name = "decl_field_control", vault_id = "v", ["\27[31m\u{202e}"] = 1, triggers = { { kind = "manual" } }, decide = function() end }
