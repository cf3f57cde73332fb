-- expect: SCRIPT
-- says: '__add' must be a function
-- a metamethod that is no function
local action = require "orrery.action"
return {
  name = "meta_not_function",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    setmetatable({}, {__add = 5})
  end,
}
