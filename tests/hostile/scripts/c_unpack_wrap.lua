-- expect: SCRIPT
-- table.unpack over all integers
local action = require "orrery.action"
return {
  name = "c_unpack_wrap",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    return table.unpack({}, math.mininteger, math.maxinteger)
  end,
}
