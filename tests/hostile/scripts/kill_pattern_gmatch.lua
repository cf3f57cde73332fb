-- expect: KILL
-- the same through gmatch
local action = require "orrery.action"
return {
  name = "kill_pattern_gmatch",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    for w in ("a"):rep(30000):gmatch((".-"):rep(40) .. "b") do end
  end,
}
