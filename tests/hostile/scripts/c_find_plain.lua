-- expect: SCRIPT
-- says: at most 4096
-- a plain search for a very long text
local action = require "orrery.action"
return {
  name = "c_find_plain",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    return (("a"):rep(200000):find(("a"):rep(100000) .. "b", 1, true))
  end,
}
