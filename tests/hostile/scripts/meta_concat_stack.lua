-- expect: SCRIPT
-- says: __concat
-- __concat that grows the stack (use after free in 5.4.4)
local action = require "orrery.action"
return {
  name = "meta_concat_stack",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local m = {__concat = function(a, b) local function grow(n) if n > 0 then return 1 + grow(n - 1) end return 0 end grow(1500) return "x" end} local t = setmetatable({}, m) return "a" .. t .. "b" .. t
  end,
}
