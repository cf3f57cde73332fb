-- expect: MEMORY or DEADLINE
-- many small tables
local action = require "orrery.action"
return {
  name = "mem_small_tables",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local t = {} while true do t = {t, {}, {}, {}} end
  end,
}
