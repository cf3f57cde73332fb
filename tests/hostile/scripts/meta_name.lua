-- expect: SCRIPT
-- says: __name
-- __name is refused
local action = require "orrery.action"
return {
  name = "meta_name",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    setmetatable({}, {__name = function() end})
  end,
}
