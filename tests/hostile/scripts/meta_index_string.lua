-- expect: OK
-- a string as __index and a number as __newindex
local action = require "orrery.action"
return {
  name = "meta_index_string",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local t = setmetatable({}, {__index = "text"}) pcall(function() return t.len end) local u = setmetatable({}, {__newindex = 5}) pcall(function() u.x = 1 end) return action.noop("contained")
  end,
}
