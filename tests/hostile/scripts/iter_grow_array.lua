-- expect: MEMORY
-- a walk that adds its own next element
local action = require "orrery.action"
return {
  name = "iter_grow_array",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local t = {1} for i in pairs(t) do t[i + 1] = true end
  end,
}
