-- expect: OK
-- string.dump, pack and unpack do not exist
local action = require "orrery.action"
return {
  name = "absent_string_functions",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    assert(not string.dump and not string.pack and not string.unpack and not string.packsize and not ("").dump) return action.noop("contained")
  end,
}
