-- expect: KILL
-- the same through gsub
local action = require "orrery.action"
return {
  name = "kill_pattern_gsub",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    return (("a"):rep(30000):gsub((".-"):rep(40) .. "b", ""))
  end,
}
