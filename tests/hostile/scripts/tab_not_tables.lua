-- expect: OK
-- things that are no tables
local action = require "orrery.action"
return {
  name = "tab_not_tables",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    for _, x in ipairs {1, "x", true, print} do for _, f in pairs(table) do pcall(f, x, 1, 2, 3) end pcall(pairs, x) pcall(ipairs, x) pcall(next, x) pcall(rawget, x, 1) pcall(rawset, x, 1, 1) pcall(rawlen, x) pcall(setmetatable, x, {}) getmetatable(x) end return action.noop("contained")
  end,
}
