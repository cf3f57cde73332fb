-- topics that are none
-- expect: OK
local action = require "orrery.action"

return {
  name = "ret_topics", vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    for _, topic in ipairs { "", " ", "a b", "a\0", "a\n", "\27", ("t"):rep(129), "é", "a/b", "*", 1, true, {}, 1.5 } do
      local ok, e = pcall(action.emit, { topic = topic, payload = 1 })
      assert(not ok and e:find("topic", 1, true) and e:find("expected", 1, true) and e:find("got", 1, true), e)
    end
    assert(action.emit { topic = ("t"):rep(128) })
    return action.noop("x")
  end,
}
