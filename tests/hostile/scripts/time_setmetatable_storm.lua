-- expect: DEADLINE
-- metatables made for ever
local action = require "orrery.action"
return {
  name = "time_setmetatable_storm",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    while true do setmetatable({}, {__index = {}}) end
  end,
}
