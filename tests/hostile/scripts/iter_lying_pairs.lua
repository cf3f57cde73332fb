-- expect: SCRIPT
-- says: attempt to call
-- __pairs gives things that are no iterator
local action = require "orrery.action"
return {
  name = "iter_lying_pairs",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    for k in pairs(setmetatable({}, {__pairs = function() return 5, 6, 7 end})) do end
  end,
}
