-- expect: OK
-- __call with many arguments
local action = require "orrery.action"
return {
  name = "meta_call_arguments",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local t = setmetatable({}, {__call = function(self, ...) return select("#", ...) end}) local big = {} for i = 1, 4000 do big[i] = i end assert(t(table.unpack(big)) == 4000) assert(pcall(t, 1)) table.sort({3, 2, 1}, function(a, b) return t(a, b) < 0 end) return action.noop("contained")
  end,
}
