-- expect: SCRIPT
-- says: __close
-- __close is refused
local action = require "orrery.action"
return {
  name = "meta_close",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    setmetatable({}, {__close = function() end})
  end,
}
