-- expect: SCRIPT
-- table.concat of an endless range
local action = require "orrery.action"
return {
  name = "c_concat_huge",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    return table.concat({}, "", 1, 1e15)
  end,
}
