-- expect: OK
-- the strategy table changed while it runs
local action = require "orrery.action"
local me, first
me = {
  name = "tamper_self",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    me.decide = 5 me.name = nil setmetatable(me, {__index = error}) me.decide = first return action.noop("contained")
  end,
}
first = me.decide
return me
