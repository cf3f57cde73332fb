-- expect: SCRIPT
-- says: __mode
-- __mode is refused
local action = require "orrery.action"
return {
  name = "meta_mode",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    setmetatable({}, {__mode = function() end})
  end,
}
