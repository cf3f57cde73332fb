-- expect: MEMORY
-- one concatenation of many long strings
local action = require "orrery.action"
return {
  name = "mem_concat_operands",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local a = ("y"):rep(200000) return a .. a .. a .. a .. a .. a .. a .. a
  end,
}
