-- expect: SCRIPT
-- says: string is read-only
-- table.insert into a library
local action = require "orrery.action"
return {
  name = "tamper_insert",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    table.insert(string, "x")
  end,
}
