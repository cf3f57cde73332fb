-- expect: SCRIPT
-- says: loop
-- a cycle of __index tables
local action = require "orrery.action"
return {
  name = "stack_index_chain_tables",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local a, b = {}, {} setmetatable(a, {__index = b}) setmetatable(b, {__index = a}) return a.x
  end,
}
