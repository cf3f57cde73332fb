-- expect: SCRIPT
-- says: global 'string'
-- string = nil
local action = require "orrery.action"
return {
  name = "tamper_string_table",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    string = nil
  end,
}
