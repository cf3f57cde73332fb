-- expect: MEMORY
-- string.format of many long strings
local action = require "orrery.action"
return {
  name = "mem_format_bomb",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local long = ("y"):rep(100000) return ("%s%s%s%s%s%s"):format(long, long, long, long, long, long)
  end,
}
