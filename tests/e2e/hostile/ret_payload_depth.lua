-- payloads nested up to the limit and beyond it
-- expect: OK
local action = require "orrery.action"

return {
  name = "ret_payload_depth", vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local t = 1
    local ok, e
    for n = 1, 40 do
      t = { t }
      ok, e = pcall(action.emit, { topic = "none", payload = t })
      if not ok then assert(n > 25 and e:find("nested", 1, true), e) break end
    end
    assert(not ok)
    return action.noop("x")
  end,
}
