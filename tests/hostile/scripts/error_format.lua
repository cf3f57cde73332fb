-- expect: SCRIPT
-- says: %s%n
-- a message full of format directives
local action = require "orrery.action"
return {
  name = "error_format",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    error("%s%n%s%n%d%p", 0)
  end,
}
