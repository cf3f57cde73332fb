-- expect: OK
-- insert at the end of the integers
local action = require "orrery.action"
return {
  name = "tab_max_border",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local t = {} for i = 0, 62 do t[(1 << i)] = true end t[math.maxinteger] = true pcall(table.insert, t, 1) pcall(table.insert, t, 1, 1) pcall(table.remove, t, 1) pcall(table.unpack, t) return action.noop("contained")
  end,
}
