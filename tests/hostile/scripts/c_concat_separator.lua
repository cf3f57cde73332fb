-- expect: SCRIPT
-- table.concat with a long separator
local action = require "orrery.action"
return {
  name = "c_concat_separator",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local t = {} for i = 1, 1000 do t[i] = "" end return table.concat(t, ("x"):rep(10000))
  end,
}
