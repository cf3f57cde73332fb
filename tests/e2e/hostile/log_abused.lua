-- log lines of every kind
-- expect: OK
local action = require "orrery.action"

return {
  name = "log_abused", vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local l = ctx.log
    for _, m in ipairs { "", "\27[2J\27]0;x\7", "\0\0", "\xff\xfe", "\u{202e}", ("x"):rep(200000), 1, 1.5, 0/0, true, {}, print, ctx, "%s%n%d" } do l:info(m) end
    l:info()
    for _, f in ipairs { 1, "x", { 1, 2 }, {}, { x = print }, { x = 0/0 }, { ["\27"] = "\27[2J" }, { ["\xff"] = 1 }, ctx, l, { x = ("y"):rep(3000) },
        { msg = 1, level = "fake", time = "fake", plugin = "counter", run = "0", ["\n"] = "\n" }, setmetatable({}, {}), { [1.5] = 1 } } do
      l:error("fields", f)
    end
    local cycle = {}; cycle.c = cycle
    l:warn("cycle", cycle)
    return action.noop("x")
  end,
}
