-- expect: SCRIPT
-- says: attempt to concatenate
-- __concat added after setmetatable has no effect
local action = require "orrery.action"
return {
  name = "meta_concat_later",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local m = {} local t = setmetatable({}, m) m.__concat = function() return "x" end return t .. "y"
  end,
}
