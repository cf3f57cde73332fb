-- expect: OK
-- odd replacements
local action = require "orrery.action"
return {
  name = "str_replacements",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    for _, r in ipairs {"%", "%2", "%x", "\0", "%%%0", 5, {}, print, true} do pcall(string.gsub, "abc", "(b)", r) end pcall(string.gsub, "abc", "b", function() return {} end) pcall(string.gsub, "abc", "b", function() return true end) return action.noop("contained")
  end,
}
