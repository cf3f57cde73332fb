-- constructors called in every wrong way
-- expect: OK
local action = require "orrery.action"

return {
  name = "make_misused", vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local v = action.vault
    for _, f in ipairs { v.mint_binary, v.mint_range, v.redeem_binary, v.pm_deposit, v.supply_plp, v.withdraw_plp, action.emit, action.call } do
      for _, a in ipairs { 1, "x", true, print, ctx, {}, { 1 }, { [{}] = 1 }, { kind = "x" }, setmetatable({}, { __index = { amount = 1 } }), { amount = { amount = 1 } },
          { market_id = ctx }, { nosuch = 1 }, { ["\27[2J"] = 1 }, { [1.5] = 1 }, { market_id = "a\0b", strike = 1, is_up = 1, quantity = 1 } } do
        local ok, e = pcall(f, a)
        assert(not ok and e:find("action.", 1, true) and #e < 900, tostring(e))
        assert(e:find("expected", 1, true) or e:find("unknown field", 1, true) or e:find("missing", 1, true), e)
      end
      assert(not pcall(f))
    end
    assert(not pcall(action.noop) and not pcall(action.noop, {}) and not pcall(action.noop, "") and not pcall(action.noop, "  ") and not pcall(action.noop, 5))
    assert(not pcall(action.noop, ("x"):rep(513)) and not pcall(action.noop, "\xff") and not pcall(action.noop, "a\0"))
    assert(action.noop(("x"):rep(512)))
    assert(not pcall(function() action.noop = 1 end) and not pcall(function() v.mint_binary = 1 end) and not pcall(rawset, v, "x", 1))
    return action.noop("x")
  end,
}
