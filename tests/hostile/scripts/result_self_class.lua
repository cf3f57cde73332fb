-- expect: RESULT
-- a result that is also a metatable
local action = require "orrery.action"
return {
  name = "result_self_class",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local r = {kind = "steal"} setmetatable({}, r) r.__index = r return r
  end,
}
