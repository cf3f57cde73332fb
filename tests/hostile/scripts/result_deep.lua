-- expect: RESULT
-- nesting ten thousand deep
local action = require "orrery.action"
return {
  name = "result_deep",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local t = {} for i = 1, 10000 do t = {t} end return t
  end,
}
