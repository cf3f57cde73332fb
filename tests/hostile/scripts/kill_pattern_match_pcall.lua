-- expect: KILL
-- the same through match under pcall
local action = require "orrery.action"
return {
  name = "kill_pattern_match_pcall",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    while true do pcall(string.match, ("a"):rep(30000), ("a*"):rep(40) .. "b") end
  end,
}
