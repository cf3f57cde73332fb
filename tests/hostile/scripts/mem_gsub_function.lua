-- expect: MEMORY
-- a replacement function that gives long strings
local action = require "orrery.action"
return {
  name = "mem_gsub_function",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local long = ("y"):rep(100000) return (("x"):rep(100):gsub("x", function() return long end))
  end,
}
