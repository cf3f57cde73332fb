-- expect: DEADLINE
-- require of a missing module for ever
local action = require "orrery.action"
return {
  name = "time_require_storm",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    while true do pcall(require, "nothing.there") end
  end,
}
