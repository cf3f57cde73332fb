-- what is no amount
-- expect: OK
local action = require "orrery.action"

return {
  name = "u64_refused", vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local deposit = action.vault.pm_deposit
    for _, v in ipairs { 0, -1, 0.0, 0.5, 1.5, 0/0, 1/0, -1/0, 1e300, 2^64, 1.8446744073709552e19 * 1.0001, "1e3", " 1", "1 ", "0x10", "",
        "18446744073709551616", "-1", "+1", "1.0", "١", "1\0", ("9"):rep(1000), true, {}, print, math.mininteger, "00000000000000000000000000000000000018446744073709551616", "1_000", "1,000", "inf", "nan", "0" } do
      local ok, e = pcall(deposit, { amount = v })
      assert(not ok, tostring(v))
      assert(e:find("action.vault.pm_deposit", 1, true) and e:find("amount", 1, true) and e:find("expected", 1, true) and e:find("got", 1, true), e)
    end
    return action.noop("x")
  end,
}
