-- expect: SCRIPT
-- says: decide must be a function
-- decide is a callable table
return { name = "load_decide_table", vault_id = "v", triggers = {{kind = "manual"}}, decide = setmetatable({}, {__call = function() while true do end end}) }
