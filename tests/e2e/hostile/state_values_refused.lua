-- every value that must not be stored, with the path of what is wrong
-- expect: OK
local action = require "orrery.action"

return {
  name = "state_values_refused", vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local s = ctx.state
    local cycle = {}; cycle.a = { cycle }
    local deep = {}; for _ = 1, 33 do deep = { deep } end
    local wrong = {
      { 0/0, "nan" }, { 1/0, "inf" }, { -1/0, "-inf" }, { print, "function" }, { cycle, "a%[1%]" }, { deep, "nested" },
      { { 1, nil, 3 }, "holes" }, { { [2] = 1 }, "holes" }, { { [0] = 1 }, "integer 0" }, { { [-1] = 1 }, "integer %-1" },
      { { 1, x = 2 }, "both" }, { { [1.5] = 1 }, "1.5" }, { { [2^53 + 1] = 1 }, "holes" }, { { [math.maxinteger] = 1 }, "holes" },
      { { [math.mininteger] = 1 }, "integer" }, { { [true] = 1 }, "key true" }, { { [print] = 1 }, "key function" },
      { "\xff", "UTF%-8" }, { { a = { b = "\xed\xa0\x80" } }, "a.b" }, { { ["\xff"] = 1 }, "UTF" }, { { ["a\0"] = 1 }, "NUL" },
      { setmetatable({}, {}), "metatable" }, { { x = setmetatable({}, { __index = { y = 1 } }) }, "x" },
      { setmetatable({}, { __pairs = function() return next, {} end, __len = function() return 1e9 end }), "metatable" },
      { ("x"):rep(65535), "65536" }, { { ("x"):rep(65533) }, "65536" },
    }
    for i, w in ipairs(wrong) do
      local ok, e = pcall(s.set, s, "k", w[1])
      assert(not ok, i)
      assert(e:find('ctx.state:set("k", …)', 1, true) and e:find("expected", 1, true) and e:find(w[2]), i .. ": " .. e)
      assert(s:get("k") == nil)
    end
    local ok, e = pcall(s.set, s, "k", nil)
    assert(not ok and e:find("delete", 1, true), e)
    return action.noop("x")
  end,
}
