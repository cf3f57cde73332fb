-- expect: SCRIPT
-- table.concat of a result that is too large
local action = require "orrery.action"
return {
  name = "c_concat_result",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local t = {} for i = 1, 1000 do t[i] = ("x"):rep(1000) end return table.concat(t)
  end,
}
