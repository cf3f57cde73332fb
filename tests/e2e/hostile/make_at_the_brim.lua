-- constructors with a full heap
-- expect: MEMORY or OK or DEADLINE
local action = require "orrery.action"

return {
  name = "make_at_the_brim", vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local held = {}
    pcall(function() for i = 1, 1e7 do held[i] = { i } end end)
    local list = {}
    pcall(function() while true do list = { list, ("x"):rep(1000) .. #list } end end)
    for _ = 1, 200 do pcall(action.vault.mint_binary, { market_id = "m", strike = 1, is_up = true, quantity = 1 }) end
    return action.noop("x")
  end,
}
