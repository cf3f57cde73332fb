-- expect: SCRIPT
-- a table without a metatable whose border is near 2^62
local action = require "orrery.action"
return {
  name = "c_border_trick",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local t = {}
    for i = 0, 62 do t[1 << i] = 1 end
    table.insert(t, 1, 5)
    table.sort(t)
    error("bounded", 0)
  end,
}
