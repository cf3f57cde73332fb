-- expect: SCRIPT
-- says: loop
-- a cycle of __newindex tables
local action = require "orrery.action"
return {
  name = "stack_newindex_chain",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local a, b = {}, {} setmetatable(a, {__newindex = b}) setmetatable(b, {__newindex = a}) a.x = 1
  end,
}
