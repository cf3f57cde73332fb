-- expect: DEADLINE
-- long strings as keys for ever
local action = require "orrery.action"
return {
  name = "time_string_hash",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local t, n = {}, 0 while true do n = n + 1 t[("x"):rep(50000) .. n] = nil end
  end,
}
