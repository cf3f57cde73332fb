-- expect: SCRIPT
-- a message of 200,000 bytes
local action = require "orrery.action"
return {
  name = "error_huge",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    error(("x"):rep(200000))
  end,
}
