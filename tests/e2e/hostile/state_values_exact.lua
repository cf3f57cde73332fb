-- what may be stored comes back as it was, also over the store
-- expect: OK
-- fires: 3
local action = require "orrery.action"

return {
  name = "state_values_exact", vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local s = ctx.state
    local values = {
      a = math.maxinteger, b = math.mininteger, c = 2^53, d = 9007199254740993, e = 0.1, f = 5e-324, g = 1.7976931348623157e308,
      h = -0.0, i = "", j = "a\0b", k = false, l = 0, m = 1e15, n = 123456789012345680.0, o = "\27[2J\u{202e}\u{10FFFF}", p = 3.0,
      q = -1e-320, r = 2^63, s = -2^63, t = "1e999",
    }
    for k, v in pairs(values) do
      if s:has(k) then
        local got = s:get(k)
        assert(got == v and math.type(got) == math.type(v), k .. " came back as " .. tostring(got))
        if v == 0 and math.type(v) == "float" then assert(1 / got == 1 / v, k .. ": sign of zero") end
      end
      s:set(k, v)
      assert(s:get(k) == v and math.type(s:get(k)) == math.type(v), k)
    end
    return action.noop("x")
  end,
}
