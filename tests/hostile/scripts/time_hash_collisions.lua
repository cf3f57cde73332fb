-- expect: OK or DEADLINE
-- integer keys that all fall into one bucket of the hash
local action = require "orrery.action"
return {
  name = "time_hash_collisions",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local t = {}
    for i = 1, 4000 do t[i * 8191 * 16383] = i end
    for i = 1, 4000 do t[i * 4095 * 8191] = i end
    return action.noop("contained")
  end,
}
