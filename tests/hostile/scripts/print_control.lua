-- expect: OK
-- control characters in print
local action = require "orrery.action"
return {
  name = "print_control",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    print("\27[2J\27]0;x\7\0\xff\r\n") return action.noop("contained")
  end,
}
