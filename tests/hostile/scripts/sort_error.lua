-- expect: SCRIPT
-- says: error object
-- a comparator that raises a table
local action = require "orrery.action"
return {
  name = "sort_error",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    table.sort({3, 2, 1}, function() error({}) end)
  end,
}
