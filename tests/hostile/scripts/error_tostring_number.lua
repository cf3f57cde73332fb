-- expect: SCRIPT
-- says: __tostring
-- __tostring that gives no string
local action = require "orrery.action"
return {
  name = "error_tostring_number",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    return tostring(setmetatable({}, {__tostring = function() return {} end}))
  end,
}
