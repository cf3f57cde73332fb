-- kinds that are no kinds, refused by the constructor's check
-- expect: OK
-- fires: 1
local action = require "orrery.action"

return {
  name = "ret_kind_types", vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    for _, k in ipairs { 1, true, "", "NOOP", "noop\0", ("x"):rep(1000), "\27[2J" } do
      local ok, e = pcall(action.vault.pm_deposit, { amount = 1, kind = k })
      assert(not ok and e:find("unknown field 'kind'", 1, true), e)
    end
    return action.noop("x")
  end,
}
