-- expect: MEMORY
-- a replacement that multiplies the text
local action = require "orrery.action"
return {
  name = "mem_gsub_bomb",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local s = ("x"):rep(60000) return (s:gsub("x", ("y"):rep(1000)))
  end,
}
