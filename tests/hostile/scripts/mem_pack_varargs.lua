-- expect: OK or MEMORY
-- a vararg function that doubles its arguments
local action = require "orrery.action"
return {
  name = "mem_pack_varargs",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local function f(n, ...) if n == 0 then return select("#", ...) end return f(n - 1, 1, ..., ...) end local function g(n, t) if n == 0 then return #t end local u = table.pack(table.unpack(t)) for i = 1, #t do u[#u + 1] = t[i] end return g(n - 1, u) end g(10, {1, 2}) f(10) return action.noop("contained")
  end,
}
