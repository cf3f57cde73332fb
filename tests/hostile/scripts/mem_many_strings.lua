-- expect: OK
-- more short strings than one block of the string table holds
local action = require "orrery.action"
return {
  name = "mem_many_strings",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local keep = {}
    for i = 1, 6 do
      local t = {}
      for j = 1, 8000 do t[j] = i .. ":" .. j end
      keep[i] = t
    end
    return action.noop("contained")
  end,
}
