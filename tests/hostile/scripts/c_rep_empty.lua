-- expect: SCRIPT
-- says: 1000000000000000 repetitions
-- string.rep of nothing, 1e15 times
local action = require "orrery.action"
return {
  name = "c_rep_empty",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    return string.rep("", 1e15)
  end,
}
