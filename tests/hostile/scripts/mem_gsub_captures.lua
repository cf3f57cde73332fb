-- expect: MEMORY
-- a replacement made of the whole match, many times
local action = require "orrery.action"
return {
  name = "mem_gsub_captures",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local s = ("x"):rep(60000) return (s:gsub(".+", ("%0"):rep(100)))
  end,
}
