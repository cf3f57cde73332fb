-- expect: MEMORY
-- a string that doubles
local action = require "orrery.action"
return {
  name = "mem_string_doubling",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local s = "x" while true do s = s .. s end
  end,
}
