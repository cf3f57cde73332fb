-- expect: OK
-- malformed and odd patterns
local action = require "orrery.action"
return {
  name = "str_patterns",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    for _, p in ipairs {"%", "[", "[^", "[]", "[a-", "[%", "(", ")", "(()", "%b", "%bx", "%f", "%f[", "%1", "(a)%2", "(%1)", "[]-]", "[^]]", "^", "$", "^$", "-", "*", "+", "?", "%z", "\0", ("()"):rep(40), "[\xff-\0]", "%b()", "%f[%w]", "a-b-c-$"} do for _, x in ipairs {"", "a", "(()", ("a"):rep(50), "\0\xff"} do pcall(string.find, x, p) pcall(string.match, x, p) pcall(string.gsub, x, p, "%0%1%9") pcall(function() for _ in x:gmatch(p) do end end) end end return action.noop("contained")
  end,
}
