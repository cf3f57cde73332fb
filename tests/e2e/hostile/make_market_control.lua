-- a market's name that reorders the terminal's text
-- expect: SCRIPT
-- says: market_id
local action = require "orrery.action"

return {
  name = "make_market_control", vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    return action.vault.mint_binary { market_id = "\u{202e}\u{9b}31m", strike = 1, is_up = true, quantity = 1 }
  end,
}
