-- expect: SCRIPT
-- says: math is read-only
-- table.sort of a library
local action = require "orrery.action"
return {
  name = "tamper_sort",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    table.sort(math)
  end,
}
