-- expect: SCRIPT
-- empty text with a long separator
local action = require "orrery.action"
return {
  name = "c_rep_separator",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    return (""):rep(100000, ("x"):rep(1000))
  end,
}
