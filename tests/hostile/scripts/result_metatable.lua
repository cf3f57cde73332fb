-- expect: RESULT
-- a metatable on the result
local action = require "orrery.action"
return {
  name = "result_metatable",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    return setmetatable({}, {__index = function() while true do end end})
  end,
}
