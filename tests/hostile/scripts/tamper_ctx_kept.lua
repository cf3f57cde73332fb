-- expect: OK or SCRIPT
-- ctx of an earlier tick used later
local action = require "orrery.action"
local old
return {
  name = "tamper_ctx_kept",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    if old then local _ = pcall(function() return old.now, old.state and old.state:get("x") end) end old = ctx return action.noop("contained")
  end,
}
