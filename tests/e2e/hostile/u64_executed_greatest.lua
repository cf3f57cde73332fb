-- the greatest amount through the executor
-- expect: OK or CAPS or LIMIT or EXECUTOR or FUNDS or PERMISSION or REJECTED or INSUFFICIENT
-- fires: 3
local action = require "orrery.action"

return {
  name = "u64_executed_greatest", vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local m = ctx.market.btc
    return { action.vault.pm_deposit { amount = "18446744073709551615" }, action.vault.pm_withdraw { amount = math.maxinteger },
      action.vault.mint_binary { market_id = m.market_id, strike = "18446744073709551615", is_up = true, quantity = "18446744073709551615" } }
  end,
}
