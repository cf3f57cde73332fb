-- sixty fields with a hundred thousand empty tables each
-- expect: SCRIPT at load
-- says: at most
local e, list = {}, {}
for i = 1, 15000 do list[i] = e end
local d = { name = "decl_wide_tables", vault_id = "v", decide = function() end }
for i = 1, 59 do d["f" .. i] = { list, list, list, list, list } end
return d
