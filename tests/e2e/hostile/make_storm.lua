-- constructors until the time is up
-- expect: DEADLINE
local action = require "orrery.action"

return {
  name = "make_storm", vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    while true do pcall(action.vault.mint_binary, { market_id = ("m"):rep(90), strike = 1, is_up = true, quantity = "1" }) end
  end,
}
