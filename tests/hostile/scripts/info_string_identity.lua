-- expect: OK
-- %p of a string would tell where it lives
local action = require "orrery.action"
return {
  name = "info_string_identity",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    assert(not pcall(string.format, "%p", "x")) assert(not pcall(string.format, "%5p", {})) assert(not pcall(string.format, "%-20p", print)) return action.noop("contained")
  end,
}
