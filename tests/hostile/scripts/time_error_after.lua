-- expect: DEADLINE
-- the deadline is answered with an error of its own
local action = require "orrery.action"
return {
  name = "time_error_after",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local ok = pcall(function() while true do end end) error("mine")
  end,
}
