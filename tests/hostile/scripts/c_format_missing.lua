-- expect: SCRIPT
-- string.format without its argument
local action = require "orrery.action"
return {
  name = "c_format_missing",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    return ("%s%s"):format(1)
  end,
}
