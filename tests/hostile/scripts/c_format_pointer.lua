-- expect: SCRIPT
-- says: %p
-- %p would show an address
local action = require "orrery.action"
return {
  name = "c_format_pointer",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    return ("%p"):format({})
  end,
}
