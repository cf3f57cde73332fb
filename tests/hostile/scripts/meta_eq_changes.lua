-- expect: OK
-- __eq and __lt that change what they compare
local action = require "orrery.action"
return {
  name = "meta_eq_changes",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local m = {} m.__eq = function(x, y) x.a, y.b = {}, {} return false end m.__lt = function(x, y) for i = 1, 50 do x[i] = i y[i] = nil end return true end local t = {} for i = 1, 200 do t[i] = setmetatable({}, m) end table.sort(t) local _ = t[1] == t[2] return action.noop("contained")
  end,
}
