-- decide's ctx used in on_executed
-- expect: OK
-- fires: 3
local action = require "orrery.action"
local kept

return {
  name = "ctx_used_in_hook", vault_id = "v",
  triggers = { { kind = "manual" } },
  on_executed = function(ctx, result)
    local ok, e = pcall(function() return kept.state:get("x") end)
    ctx.state:set("hook", tostring(ok) .. " " .. tostring(e))
    assert(ctx ~= kept)
  end,
  decide = function(ctx)
    kept = ctx
    local said = ctx.state:get("hook")
    assert(said == nil or said:find("false", 1, true) and said:find("ended", 1, true), said)
    return action.noop("x")
  end,
}
