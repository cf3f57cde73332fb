-- an expired key is gone, its place is free, and a plain set clears the expiry
-- expect: OK
-- fires: 4
local action = require "orrery.action"

return {
  name = "state_ttl_expires", vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local s = ctx.state
    assert(s:get("short") == nil or ctx.now == s:get("at"))
    s:set("at", ctx.now)
    for i = 1, 500 do s:set_with_ttl("t" .. i, ("x"):rep(10000), 1) end
    s:set_with_ttl("short", 1, 1)
    s:set_with_ttl("kept", 1, 1)
    s:set("kept", 2)
    return action.noop(#s:keys() .. " keys")
  end,
}
