-- expect: OK
-- a library reached through __index is still read-only
local action = require "orrery.action"
return {
  name = "tamper_through_index",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local t = setmetatable({}, {__index = string, __newindex = string}) assert(not pcall(function() t.rep = nil end)) assert(string.rep) return action.noop("contained")
  end,
}
