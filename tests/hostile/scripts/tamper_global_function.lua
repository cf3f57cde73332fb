-- expect: SCRIPT
-- says: global 'helper'
-- an accidental global function
local action = require "orrery.action"
return {
  name = "tamper_global_function",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    function helper() end helper()
  end,
}
