-- expect: SCRIPT
-- says: attempt to compare
-- values that cannot be compared
local action = require "orrery.action"
return {
  name = "sort_mixed",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    table.sort({1, "a", {}, true})
  end,
}
