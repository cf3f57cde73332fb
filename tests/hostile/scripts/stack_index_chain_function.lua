-- expect: SCRIPT
-- says: stack overflow
-- __index functions that index themselves
local action = require "orrery.action"
return {
  name = "stack_index_chain_function",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local t = {} setmetatable(t, {__index = function(self, k) return self[k .. "x"] end}) return t.a
  end,
}
