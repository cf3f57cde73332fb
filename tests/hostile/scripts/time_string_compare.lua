-- expect: DEADLINE
-- comparing long equal strings for ever
local action = require "orrery.action"
return {
  name = "time_string_compare",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local a, b = ("x"):rep(200000) .. "a", ("x"):rep(200000) .. "b" while true do local _ = a < b end
  end,
}
