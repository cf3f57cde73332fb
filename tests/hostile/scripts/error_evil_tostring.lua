-- expect: SCRIPT
-- says: error object is a table
-- an error whose __tostring never ends
local action = require "orrery.action"
return {
  name = "error_evil_tostring",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    error(setmetatable({}, {__tostring = function() while true do end end}))
  end,
}
