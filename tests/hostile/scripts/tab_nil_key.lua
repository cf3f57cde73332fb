-- expect: SCRIPT
-- says: index is nil
-- nil as a key
local action = require "orrery.action"
return {
  name = "tab_nil_key",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local t = {} t[nil] = 1
  end,
}
