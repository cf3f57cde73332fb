-- expect: SCRIPT
-- says: 262144
-- string.rep with an allowed count and a forbidden size
local action = require "orrery.action"
return {
  name = "c_rep_result",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    return ("x"):rep(1000):rep(1000)
  end,
}
