-- empty tables and arrays keep their kind over the store
-- expect: OK
-- fires: 3
local action = require "orrery.action"

return {
  name = "state_empty_kinds", vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local orrery = require "orrery"
    local s = ctx.state
    if s:has("o") then
      assert(getmetatable(s:get("o")) == nil)
      assert(getmetatable(s:get("a")) == "orrery.array")
    end
    s:set("o", {})
    s:set("a", orrery.array())
    s:set("b", { orrery.array(), {}, orrery.array { 1 } })
    assert(getmetatable(s:get("b")[1]) == "orrery.array" and getmetatable(s:get("b")[2]) == nil)
    return action.noop("x")
  end,
}
