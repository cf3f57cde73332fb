-- A healthy plugin in the same process: its answer must be the same before and after any hostile script.
local action = require "orrery.action"

local Counter = {}
Counter.__index = Counter
function Counter.new() return setmetatable({ n = 0 }, Counter) end
function Counter:add(n) self.n = self.n + n return self end
Counter.__tostring = function(self) return "Counter " .. self.n end

local function digest(text)
  local h = 17
  for i = 1, #text do h = (h * 31 + text:byte(i)) % 1000000007 end
  return h
end

return {
  name = "bystander",
  vault_id = "v",
  triggers = { { kind = "manual" } },
  decide = function(ctx)
    local out = { tostring(ctx.now), ("ab"):rep(3, "-"), ("%5.2f|%s"):format(1.005, "x"), tostring({}) }
    for k, v in pairs { 3, 2, 1, x = 1, y = 2, [0] = 0, [true] = 1 } do out[#out + 1] = tostring(k) .. "=" .. tostring(v) end
    local sorted = { 5, 3, 9, 1 }
    table.sort(sorted, function(a, b) return a > b end)
    out[#out + 1] = table.concat(sorted, ",")
    out[#out + 1] = math.random(1000000) .. " " .. math.random()
    out[#out + 1] = tostring(Counter.new():add(2):add(3))
    out[#out + 1] = tostring(pcall(error, "caught"))
    out[#out + 1] = ("one two"):gsub("%a+", string.upper)
    for name in pairs(_G) do out[#out + 1] = name end
    for _, library in ipairs { string, table, math, utf8, action } do
      for name, value in pairs(library) do out[#out + 1] = name .. type(value) end
    end
    out[#out + 1] = tostring(getmetatable("")) .. utf8.char(228, 8364) .. select("#", table.unpack(sorted))
    return action.noop("digest " .. digest(table.concat(out, ";")) .. " of " .. #out)
  end,
}
