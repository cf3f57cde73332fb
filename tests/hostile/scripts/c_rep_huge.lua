-- expect: SCRIPT
-- string.rep far beyond memory
local action = require "orrery.action"
return {
  name = "c_rep_huge",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    return ("x"):rep(1e15)
  end,
}
