-- expect: SCRIPT
-- says: one\x0atwo
-- a message of many lines
local action = require "orrery.action"
return {
  name = "error_newlines",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    error("one\ntwo\nthree", 0)
  end,
}
