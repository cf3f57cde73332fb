-- expect: SCRIPT
-- says: %p
-- %p behind a NUL byte
local action = require "orrery.action"
return {
  name = "c_format_pointer_nul",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    return ("a\0%p"):format({})
  end,
}
