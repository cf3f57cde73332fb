-- expect: SCRIPT
-- a pattern that recurses too deep
local action = require "orrery.action"
return {
  name = "c_pattern_depth",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    return (("a"):rep(60000):match(("(a?"):rep(30) .. (")"):rep(30) .. ("a?"):rep(150)))
  end,
}
