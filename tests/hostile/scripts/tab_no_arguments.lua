-- expect: OK
-- every function there is, without arguments and with wrong ones
local action = require "orrery.action"
return {
  name = "tab_no_arguments",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    for _, lib in ipairs {_G, string, table, math, utf8} do for name, f in pairs(lib) do if type(f) == "function" then pcall(f) pcall(f, nil, nil, nil) pcall(f, {}, {}, {}) pcall(f, -1, -1, -1) pcall(f, "", "", "") pcall(f, print, print, print) end end end return action.noop("contained")
  end,
}
