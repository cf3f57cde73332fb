-- expect: OK
-- absurd positions
local action = require "orrery.action"
return {
  name = "str_positions",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    for _, p in ipairs {math.mininteger, -1, 0, 1, 99, math.maxinteger} do for _, q in ipairs {math.mininteger, -1, 0, 1, 99, math.maxinteger} do local x = ("abc"):sub(p, q) pcall(string.byte, "abc", p, q) pcall(string.find, "abc", "b", p) pcall(string.match, "abc", "b", p) pcall(utf8.len, "abc", p, q) pcall(utf8.offset, "abc", p, q) pcall(utf8.codepoint, "abc", p, q) end pcall(function() for w in ("abc"):gmatch(".", p) do end end) pcall(string.gsub, "abc", ".", "x", p) pcall(string.rep, "", p) end return action.noop("contained")
  end,
}
