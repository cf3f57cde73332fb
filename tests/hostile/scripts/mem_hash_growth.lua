-- expect: MEMORY
-- one endless hash
local action = require "orrery.action"
return {
  name = "mem_hash_growth",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local t = {} for i = 1, 1e9 do t["k" .. i] = true end
  end,
}
