-- expect: SCRIPT
-- says: inside
-- __tostring that raises inside print
local action = require "orrery.action"
return {
  name = "error_in_tostring",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    print(setmetatable({}, {__tostring = function() error("inside") end}))
  end,
}
