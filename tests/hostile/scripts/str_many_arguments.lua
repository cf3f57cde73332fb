-- expect: OK
-- functions with thousands of arguments
local action = require "orrery.action"
return {
  name = "str_many_arguments",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local t = {} for i = 1, 4000 do t[i] = 65 end assert(#string.char(table.unpack(t)) == 4000) utf8.char(table.unpack(t)) math.max(table.unpack(t)) table.pack(table.unpack(t)) pcall(string.format, ("%d"):rep(4000), table.unpack(t)) print(table.unpack(t)) return action.noop("contained")
  end,
}
