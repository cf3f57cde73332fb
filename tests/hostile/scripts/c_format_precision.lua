-- expect: SCRIPT
-- string.format with a width that is too large
local action = require "orrery.action"
return {
  name = "c_format_precision",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    return ("%999.999f"):format(1)
  end,
}
