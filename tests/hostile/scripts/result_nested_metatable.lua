-- expect: RESULT
-- a metatable inside the list
local action = require "orrery.action"
return {
  name = "result_nested_metatable",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    return {setmetatable({kind = "noop", reason = "x"}, {__index = error})}
  end,
}
