-- expect: MEMORY
-- a replacement table that gives long strings
local action = require "orrery.action"
return {
  name = "mem_gsub_table",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local long = ("y"):rep(100000) return (("x"):rep(100):gsub("x", {x = long}))
  end,
}
