-- triggers as a proxy
-- expect: SCRIPT at load
-- says: triggers
return { name = "a", vault_id = "v", triggers = setmetatable({}, { __index = function() return { kind = "manual" } end, __len = function() return 1 end }), decide = function() end }
