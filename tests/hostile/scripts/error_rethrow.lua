-- expect: SCRIPT
-- says: first
-- an error thrown again a thousand times
local action = require "orrery.action"
return {
  name = "error_rethrow",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local function again(n) local ok, e = pcall(error, "first") if n > 0 then return again(n - 1) end error(e, 0) end again(1000)
  end,
}
