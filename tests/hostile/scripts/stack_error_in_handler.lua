-- expect: OK
-- xpcall handlers that raise, nested
local action = require "orrery.action"
return {
  name = "stack_error_in_handler",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local function h() error("again") end for i = 1, 100 do xpcall(error, h) end return action.noop("contained")
  end,
}
