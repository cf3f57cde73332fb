-- expect: RESULT
-- a __len that lies
local action = require "orrery.action"
return {
  name = "result_lying_len",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    return setmetatable({}, {__len = function() return 1e15 end})
  end,
}
