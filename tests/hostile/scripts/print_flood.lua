-- expect: OK
-- two hundred lines of print
local action = require "orrery.action"
return {
  name = "print_flood",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    for i = 1, 200 do print(("x"):rep(3000), i) end return action.noop("contained")
  end,
}
