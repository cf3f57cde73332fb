-- expect: DEADLINE
-- the worst plain search allowed, for ever
local action = require "orrery.action"
return {
  name = "time_find_plain_storm",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local text, what = ("a"):rep(200000), ("a"):rep(4095) .. "b" while true do text:find(what, 1, true) end
  end,
}
