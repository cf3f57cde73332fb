-- expect: OK
-- string.format of 1e308 with all digits
local action = require "orrery.action"
return {
  name = "c_format_large_float",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local _ = ("%99.99f"):format(1e308) return action.noop("contained")
  end,
}
