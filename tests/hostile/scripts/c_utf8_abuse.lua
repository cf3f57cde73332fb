-- expect: OK
-- utf8 functions on garbage
local action = require "orrery.action"
return {
  name = "c_utf8_abuse",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local bad = "\xff\xfe\x80\xf8\x88\x80\x80\x80"
    pcall(utf8.codepoint, bad, 1, -1)
    pcall(utf8.len, bad, math.mininteger, math.maxinteger)
    pcall(utf8.offset, bad, math.mininteger)
    pcall(utf8.offset, bad, math.maxinteger, math.maxinteger)
    pcall(function() for _ in utf8.codes(bad) do end end)
    local f, s = utf8.codes("abc")
    for _, k in ipairs {math.mininteger, -1, math.maxinteger, 2^53} do pcall(f, s, k) end
    pcall(utf8.char, -1) pcall(utf8.char, 0x7fffffff) pcall(utf8.char, 2^40)
    return action.noop("contained")
  end,
}
