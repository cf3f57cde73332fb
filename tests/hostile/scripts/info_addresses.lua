-- expect: OK
-- no address of anything is shown
local action = require "orrery.action"
return {
  name = "info_addresses",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    assert(tostring({}) == tostring({}) and tostring(print) == tostring(error)) assert(("%s"):format({}) == "table") assert(not tostring(ctx):find("0x")) local _, e = pcall(function() return {} < {} end) assert(not e:find("0x")) return action.noop("contained")
  end,
}
