-- every operator on ctx fails and breaks nothing
-- expect: OK
local action = require "orrery.action"

return {
  name = "ctx_metamethods", vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local s = ctx.state
    for i, f in ipairs {
      function() return #ctx end, function() return ctx + 1 end, function() return ctx .. "" end, function() return ctx() end,
      function() return -ctx end, function() return ctx < ctx end, function() ctx.now = 1 end, function() s.get = 1 end,
      function() rawset(ctx, "now", 1) end, function() rawget(ctx, "now") end, function() return rawlen(ctx) end,
      function() setmetatable(ctx, {}) end, function() setmetatable(s, nil) end, function() return next(ctx) end,
      function() for _ in pairs(ctx) do end end, function() for _ in ipairs(s) do end error("walked") end,
      function() return ctx[nil] end, function() return ctx[0/0] end, function() return ctx[ctx] end, function() return ctx[("x"):rep(100000)] end,
      function() return s[("x"):rep(100000)] end, function() return s.__index end, function() return ctx.__gc end,
      function() return table.concat(ctx) end, function() return table.unpack(s) end, function() return select(ctx) end,
      function() table.sort(ctx) end, function() table.insert(s, 1) end, function() return ("x"):rep(ctx) end,
    } do
      local ok, e = pcall(f)
      assert(not ok, i)
      assert(type(e) == "string" and #e < 1000, i)
    end
    for _, o in ipairs { ctx, s, ctx.log } do assert(type(getmetatable(o)) ~= "table", type(getmetatable(o))) end
    local text = tostring(ctx) .. " and " .. tostring(s)
    return action.noop(text)
  end,
}
