-- expect: OK
-- getmetatable of the globals and of the libraries
local action = require "orrery.action"
return {
  name = "meta_get_globals",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    for _, x in ipairs {_G, _ENV, string, table, math, utf8, action} do assert(type(getmetatable(x)) ~= "table") end return action.noop("contained")
  end,
}
