-- expect: SCRIPT
-- says: at most 4096
-- utf8.codepoint of everything at once
local action = require "orrery.action"
return {
  name = "c_codepoint_many",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    return utf8.codepoint(("x"):rep(200000), 1, -1)
  end,
}
