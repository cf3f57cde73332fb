-- expect: SCRIPT
-- says: __concat
-- __concat is refused
local action = require "orrery.action"
return {
  name = "meta_concat",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    setmetatable({}, {__concat = function() end})
  end,
}
