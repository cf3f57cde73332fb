-- a function's name that is no UTF-8
-- expect: SCRIPT at load
-- says: UTF-8
return { name = "decl_field_bad_utf8", vault_id = "v", ["\xff"] = function() end, triggers = { { kind = "manual" } }, decide = function() end }
