-- Runs a file of cases in plain Lua: lua5.4 tests/lua/run.lua tests/lua/stdlib_cases.lua
-- (from anywhere; the source tree is found from this file's own path).

local here = arg[0]:match("^(.*)/[^/]*$") or "."
local root = here .. "/../.."
package.path = here .. "/?.lua"
table.insert(package.searchers, 2, function(name)
  local short = name:match("^orrery%.([%w_]+)$")
  if short == "action" then
    return function() return require("fake").action() end
  end
  if short then
    return assert(loadfile(root .. "/stdlib/" .. short .. ".lua"))
  end
end)
package.preload["strategies"] = function()
  return function(name) return assert(loadfile(root .. "/strategies/" .. name .. ".lua"))() end
end

local failed, count = 0, 0
for _, file in ipairs(arg) do
  for _, case in ipairs(assert(loadfile(file))()) do
    local name, body = case[1], case[2]
    count = count + 1
    local ok, message = xpcall(body, debug.traceback)
    if not ok then
      failed = failed + 1
      print(string.format("FAIL %s\n     %s", name, message))
    end
  end
end
print(string.format("%d passed, %d failed", count - failed, failed))
os.exit(failed == 0 and 0 or 1)
