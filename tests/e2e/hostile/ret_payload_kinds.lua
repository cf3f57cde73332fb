-- payloads of every kind
-- expect: OK
-- fires: 1
local action = require "orrery.action"

return {
  name = "ret_payload_kinds", vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local t = {}
    for i, p in ipairs { false, true, 0, -0.5, "", "a\0b", {}, require("orrery").array(), { x = {} }, math.mininteger, 1e300 } do
      t[i] = action.emit { topic = "none", payload = p }
    end
    for _, p in ipairs { 0/0, 1/0, print, ctx, "\xff", { [1.5] = 1 } } do
      local ok, e = pcall(action.emit, { topic = "none", payload = p })
      assert(not ok and e:find("action.emit", 1, true) and e:find("payload", 1, true), e)
    end
    return t
  end,
}
