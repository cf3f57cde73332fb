-- expect: RESULT
-- a kind with a NUL
local action = require "orrery.action"
return {
  name = "result_nul_kind",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    return {kind = "noop\0x", reason = "x"}
  end,
}
