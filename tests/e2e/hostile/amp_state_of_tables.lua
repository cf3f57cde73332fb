-- state whose text is small and whose tables are many: 3 bytes each
-- expect: OK or DEADLINE or MEMORY
-- fires: 30
local action = require "orrery.action"

return {
  name = "amp_state_of_tables", vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local e = {}
    local t = {}
    for i = 1, 15500 do t[i] = e end
    local s = ctx.state
    local n = s:get_or_default("n", 0)
    local ok, why
    for _ = 1, 8 do
      ok, why = pcall(s.set, s, ("k%03d"):format(n), t)
      if not ok then break end
      n = n + 1
    end
    if ok then s:set("n", n) end
    return action.noop("n=" .. n .. " " .. tostring(why))
  end,
}
