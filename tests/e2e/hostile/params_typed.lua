-- parameters come with their defaults and cannot be changed for later
-- expect: OK
-- fires: 2
local action = require "orrery.action"

return {
  name = "params_typed", vault_id = "v",
  triggers = { { kind = "manual" } },
  params = { a = { type = "integer", default = 2, min = 1, max = 3 }, b = { type = "string", default = "x", enum = { "x", "y" } }, c = { type = "number", default = 0.1 }, d = { type = "boolean", default = false } },
  decide = function(ctx)
    assert(ctx.params.a == 2 and ctx.params.b == "x" and ctx.params.c == 0.1 and ctx.params.d == false)
    ctx.params.a = "changed"
    return action.noop("x")
  end,
}
