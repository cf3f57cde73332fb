-- expect: OK
-- pairs must not hand out the real table behind the frozen one
local action = require "orrery.action"
return {
  name = "tamper_through_pairs",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local _, real = pairs(string) local ok = pcall(function() real.rep = nil end) assert(not ok) assert(string.rep) return action.noop("contained")
  end,
}
