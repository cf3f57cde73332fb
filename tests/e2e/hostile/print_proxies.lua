-- print calls __tostring and __name of what it is given
-- expect: OK or SCRIPT
local action = require "orrery.action"

return {
  name = "print_proxies", vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local bad = { setmetatable({}, { __tostring = function() return "\27[2J\0\u{202e}" end }), setmetatable({}, { __tostring = function() return 1 end }),
      setmetatable({}, { __tostring = function() error(ctx) end }) }
    for _, b in ipairs(bad) do pcall(print, b) end
    print("\27[2J", "\r\nfake line\n{\"level\":\"error\"}", "\u{9b}", "\xff")
    return action.noop("x")
  end,
}
