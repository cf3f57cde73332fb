-- every kind of wrong key
-- expect: OK
local action = require "orrery.action"

return {
  name = "state_keys_abused", vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local s = ctx.state
    local wrong = { "", ("k"):rep(257), "a\0b", "\xff", "\xed\xa0\x80", "\xc0\x80", 1, 2^53 + 1, 1.5, true, {}, print, ctx, 0/0 }
    for i = 1, #wrong do
      for _, method in ipairs { "set", "set_with_ttl", "delete", "get", "has", "get_or_default" } do
        local ok, e = pcall(s[method], s, wrong[i], 1, 1000)
        if method == "set" or method == "set_with_ttl" or type(wrong[i]) ~= "string" then
          assert(not ok and e:find("expected", 1, true) and e:find("ctx.state:" .. method, 1, true), method .. i .. tostring(e))
        end
      end
    end
    assert(not pcall(s.set, s, nil, 1) and not pcall(s.get, s))
    assert(#s:keys() == 0)
    s:set(("k"):rep(256), 1)
    s:set(("\u{1F600}"):rep(64), 1)
    s:set("\27[2J", 1)
    s:set(" ", 1)
    s:set("__index", { __index = 1, __gc = 2 })
    assert(#s:keys() == 5 and s:get("__index").__gc == 2)
    return action.noop("x")
  end,
}
