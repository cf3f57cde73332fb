-- expect: OK or SCRIPT
-- decide replaces itself
local action = require "orrery.action"
local me
me = { name = "load_swapped_decide", vault_id = "v", triggers = {{kind = "manual"}},
  decide = function() me.decide = setmetatable({}, {__call = error}) return action.noop("contained") end }
return me
