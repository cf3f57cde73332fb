-- expect: OK
-- integer extremes in math
local action = require "orrery.action"
return {
  name = "c_math_abuse",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local lo, hi = math.mininteger, math.maxinteger
    local all = {lo // -1, lo % -1, hi + 1, lo - 1, -lo, math.abs(lo), math.fmod(lo, -1), lo * lo, 1 << 64, 1 >> -64, 1 << lo}
    for _, f in ipairs {"floor", "ceil", "tointeger", "fmod", "ult", "random", "log", "exp", "sqrt", "modf", "max", "min", "type"} do
      for _, x in ipairs {lo, hi, 0/0, 1/0, -1/0, -0.0, 2^63, "x"} do
        pcall(math[f], x) pcall(math[f], x, x) pcall(math[f], x, x, x)
      end
    end
    pcall(function() return 1 // 0 end) pcall(function() return 1 % 0 end) pcall(function() return 2^63 | 0 end)
    return action.noop("contained")
  end,
}
