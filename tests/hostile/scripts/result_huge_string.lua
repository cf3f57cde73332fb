-- expect: RESULT
-- a reason of 200,000 bytes
local action = require "orrery.action"
return {
  name = "result_huge_string",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    return {kind = "noop", reason = ("x"):rep(200000)}
  end,
}
