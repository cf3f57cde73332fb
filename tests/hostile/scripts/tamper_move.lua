-- expect: SCRIPT
-- says: string is read-only
-- table.move into a library
local action = require "orrery.action"
return {
  name = "tamper_move",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    table.move({1}, 1, 1, 1, string)
  end,
}
