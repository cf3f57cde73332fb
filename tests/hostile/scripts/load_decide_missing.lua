-- expect: SCRIPT
-- says: decide must be a function
-- no decide
return { name = "load_decide_missing", vault_id = "v", triggers = {{kind = "manual"}} }
