-- expect: SCRIPT
-- says: non-closable
-- a closing value in a for loop
local action = require "orrery.action"
return {
  name = "meta_for_fourth_value",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    for k in next, {}, nil, setmetatable({}, {}) do end
  end,
}
