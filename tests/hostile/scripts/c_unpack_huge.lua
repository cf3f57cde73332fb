-- expect: SCRIPT
-- says: range too long
-- table.unpack of an endless range
local action = require "orrery.action"
return {
  name = "c_unpack_huge",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    return table.unpack({}, 1, 1e8)
  end,
}
