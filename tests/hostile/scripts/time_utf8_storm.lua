-- expect: DEADLINE
-- utf8.len of a long text for ever
local action = require "orrery.action"
return {
  name = "time_utf8_storm",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local text = ("\u{20AC}"):rep(60000) while true do utf8.len(text) end
  end,
}
