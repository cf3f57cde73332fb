-- amounts at the edges keep their exact value
-- expect: OK
local action = require "orrery.action"

return {
  name = "u64_accepted", vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local deposit = action.vault.pm_deposit
    for _, c in ipairs { { 1, 1 }, { 1.0, 1 }, { "1", 1 }, { 2^53, 2^53 }, { math.maxinteger, math.maxinteger },
        { "9223372036854775807", math.maxinteger }, { 9007199254740993, 9007199254740993 }, { 2^62, 2^62 } } do
      local a = deposit { amount = c[1] }
      assert(a.amount == c[2] or a.amount == tostring(c[2]), tostring(c[1]) .. " became " .. tostring(a.amount))
    end
    assert(deposit { amount = "18446744073709551615" }.amount == "18446744073709551615")
    assert(deposit { amount = "9223372036854775808" }.amount == "9223372036854775808")
    for _, v in ipairs { 2^63, 1e19, 2^64 } do
      local ok, e = pcall(deposit, { amount = v })
      assert(not ok and e:find("decimal string above 2^63-1", 1, true), e)
    end
    return action.noop("x")
  end,
}
