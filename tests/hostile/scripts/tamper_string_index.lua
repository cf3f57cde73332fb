-- expect: SCRIPT
-- a method for all strings
local action = require "orrery.action"
return {
  name = "tamper_string_index",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    getmetatable("").__index = function() return "owned" end
  end,
}
