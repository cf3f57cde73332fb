-- expect: OK
-- odd formats
local action = require "orrery.action"
return {
  name = "str_formats",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    for _, f in ipairs {"%", "%y", "%1", "%.", "%-", "%5", "%100d", "%.100f", "%##########d", "%q%q", "%5q", "%i", "%c", "%a", "%g", "%x", "%o", "%u", "%s\0%s", "%.3", ("%d"):rep(300), "%.99f", "%099d", "% d", "%+d", "%#x"} do for _, v in ipairs {0, -1, 256, 1e300, 0/0, 1/0, math.mininteger, 1.5, "x", "a\0b", true, {}} do pcall(string.format, f, v, v, v) end end return action.noop("contained")
  end,
}
