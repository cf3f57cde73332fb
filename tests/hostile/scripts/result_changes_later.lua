-- expect: OK or RESULT
-- the result is kept and changed in the next tick
local action = require "orrery.action"
local kept
return {
  name = "result_changes_later",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    kept = kept or action.noop("contained") local r = kept kept.reason = "changed" return r
  end,
}
