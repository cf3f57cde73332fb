-- a noop that became a mint
-- expect: SCRIPT_RESULT
-- says: mint_binary
local action = require "orrery.action"

return {
  name = "ret_kind_changed", vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local a = action.noop("x")
    a.kind = "mint_binary"
    return a
  end,
}
