-- expect: SCRIPT
-- says: index is NaN
-- NaN as a key
local action = require "orrery.action"
return {
  name = "tab_odd_keys",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local t = {} t[0/0] = 1
  end,
}
