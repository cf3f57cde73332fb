-- expect: OK
-- an iterator of pairs driven by hand with wrong arguments
local action = require "orrery.action"
return {
  name = "iter_twice",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local it, t, k = pairs({1, 2, a = 3}) for i = 1, 20 do pcall(it, nil, {}) pcall(it, "x", 99) end return action.noop("contained")
  end,
}
