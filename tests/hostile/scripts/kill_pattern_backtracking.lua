-- expect: KILL
-- exponential backtracking inside one C call: only SIGKILL ends it
local action = require "orrery.action"
return {
  name = "kill_pattern_backtracking",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    return (("a"):rep(30000):find((".-"):rep(40) .. "b"))
  end,
}
