-- a range whose ends are swapped
-- expect: SCRIPT
-- says: higher_strike
local action = require "orrery.action"

return {
  name = "make_range_reversed", vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    return action.vault.mint_range { market_id = "m", lower_strike = "18446744073709551615", higher_strike = 1, quantity = 1 }
  end,
}
