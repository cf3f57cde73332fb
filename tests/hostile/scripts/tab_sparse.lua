-- expect: OK
-- sparse tables with extreme keys
local action = require "orrery.action"
return {
  name = "tab_sparse",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local t = {[math.maxinteger] = 1, [math.mininteger] = 2, [2^53] = 3, [-0.0] = 4, [1e308] = 5} for k, v in pairs(t) do assert(t[k] == v) end local n = #t pcall(table.insert, t, 1) pcall(table.remove, t) pcall(table.sort, t) pcall(table.concat, t) return action.noop("contained")
  end,
}
