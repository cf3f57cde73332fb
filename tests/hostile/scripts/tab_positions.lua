-- expect: OK
-- absurd positions in tables
local action = require "orrery.action"
return {
  name = "tab_positions",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    for _, p in ipairs {math.mininteger, -1, 0, 1.0, 2, 99, math.maxinteger, "x", 1.5} do local t = {1, 2, 3} pcall(table.insert, t, p, 9) pcall(table.remove, t, p) pcall(table.unpack, t, p, p) pcall(table.concat, t, "", p, p) pcall(table.move, t, p, p, p) pcall(table.move, t, 1, 3, p) pcall(table.unpack, t, p) pcall(next, t, p) pcall(rawget, t, p) pcall(rawset, t, p, 1) end return action.noop("contained")
  end,
}
