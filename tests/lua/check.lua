-- Assertions that say what was expected and what came. No globals but Lua's own basics.

local M = {}

local function show(value)
  if type(value) ~= "table" then
    return type(value) == "string" and string.format("%q", value) or tostring(value)
  end
  local parts = {}
  for key, item in pairs(value) do
    parts[#parts + 1] = tostring(key) .. " = " .. show(item)
  end
  table.sort(parts)
  return "{" .. table.concat(parts, ", ") .. "}"
end

local function same(a, b)
  if type(a) ~= "table" or type(b) ~= "table" then
    return a == b and math.type(a) == math.type(b)
  end
  for key, value in pairs(a) do
    if not same(value, b[key]) then
      return false
    end
  end
  for key in pairs(b) do
    if a[key] == nil then
      return false
    end
  end
  return true
end

-- Deeply equal, integers and floats apart.
function M.equal(got, expected)
  if not same(got, expected) then
    error("expected " .. show(expected) .. ", got " .. show(got), 2)
  end
end

function M.near(got, expected, tolerance)
  if type(got) ~= "number" or not (math.abs(got - expected) <= (tolerance or 1e-9)) then
    error("expected about " .. show(expected) .. ", got " .. show(got), 2)
  end
end

function M.truthy(got, what)
  if not got then
    error((what or "expected a true value") .. ", got " .. show(got), 2)
  end
end

-- f(...) must raise an error whose text contains `text`.
function M.raises(text, f, ...)
  local ok, message = pcall(f, ...)
  if ok then
    error("expected an error with '" .. text .. "', got none", 2)
  end
  if not string.find(tostring(message), text, 1, true) then
    error("expected an error with '" .. text .. "', got " .. show(message), 2)
  end
end

return M
