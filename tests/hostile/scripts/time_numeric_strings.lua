-- expect: DEADLINE
-- converting numerals of 200,000 digits for ever
local action = require "orrery.action"
return {
  name = "time_numeric_strings",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local n = ("9"):rep(200000) while true do local _ = tonumber(n), n + 1, tonumber(n, 36) end
  end,
}
