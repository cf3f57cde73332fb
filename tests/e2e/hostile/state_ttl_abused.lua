-- every wrong time to live leaves the key as it was
-- expect: OK
local action = require "orrery.action"

return {
  name = "state_ttl_abused", vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local s = ctx.state
    s:set("k", "old")
    for _, ttl in ipairs { 0, -1, 0/0, 1e300, 1/0, -1/0, math.mininteger, math.maxinteger, "5", "x", {}, true, 0.5, 1.5, 2^62, 2^63, -0.0, print } do
      local ok, e = pcall(s.set_with_ttl, s, "k", "new", ttl)
      assert(not ok and e:find("ttl_ms: expected", 1, true) and e:find("got", 1, true), tostring(ttl) .. tostring(e))
      assert(s:get("k") == "old")
    end
    assert(not pcall(s.set_with_ttl, s, "k", "new"))
    assert(not pcall(s.set_with_ttl, s, "k", nil, 5))
    s:set_with_ttl("far", 1, math.maxinteger - ctx.now)
    s:set_with_ttl("near", 1, 1)
    s:set_with_ttl("float", 1, 2.0^61)
    assert(s:has("far") and s:has("near") and s:has("float"))
    return action.noop("x")
  end,
}
