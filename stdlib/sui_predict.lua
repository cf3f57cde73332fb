-- orrery.sui_predict: for orrery.lua: what the actions of a vault on Sui become, as a template.
--
--   local predict = require "orrery.sui_predict"
--
--   local calls = predict.testnet_4_16 {
--     package = "0x…",                                 -- DeepBook Predict, generation 4-16 of testnet
--     predict = { id = "0x…", shared = 5 },            -- the Predict object; its initial version
--     manager = { id = "0x…", shared = 9 },            -- your PredictManager; owned = true if it is
--     quote = "0x…::dusdc::DUSDC",                     -- the coin that pays
--     coin = { id = "0x…", owned = true },             -- a coin of it that is the operator's
--   }
--   return { vaults = { main = {
--     executor = "sui", operator = "main",
--     objects = calls.objects, calls = calls.calls,
--     markets = { ["btc:1764547200000"] = { oracle = { id = "0x…", shared = 7 } } },
--   } } }
--
-- A template is a function that returns plain tables, {objects = …, calls = …}: look at them, change
-- them, add to them. Nothing here is known to the program itself, and the signer holds every
-- transaction against exactly these tables. An object may be given as its id alone: it is then
-- shared and mutable, and the chain is asked for its initial version.
--
-- testnet_4_16 { package, predict, manager, quote, coin?, withdraw?, max? }
--   mint_binary, redeem_binary   market_key::new, then predict::mint or predict::redeem
--   mint_range, redeem_range     range_key::new, then predict::mint_range or predict::redeem_range
--   pm_deposit                   `amount` is split off `coin`, then predict_manager::deposit. Only
--                                with `coin`; it may be "gas" when `quote` is 0x2::sui::SUI
--   pm_withdraw                  predict_manager::withdraw; what comes out is a new coin of the
--                                operator's (withdraw = "transfer", the default), or is joined to
--                                `coin` (withdraw = "merge"), so that the next deposit has it
--   max                          { quantity = N, amount = N }: more than that is refused, by the
--                                signer too
--   Every market needs `oracle`, an object that is only read; its expiry is in its key
--   ("btc:1764547200000"), or beside it: expiry = 1764547200000.
--   This generation has no call for supply_plp, withdraw_plp, refresh_nav_snapshot and
--   crystallize_fees: such an action fails with UNSUPPORTED.
--
-- vault { package, vault, module?, quote?, objects?, market?, functions?, max? }
--   For a package of your own, whose entry functions wrap the above and keep its own rules. Per kind
--   of action one function of the same name in `module` (default "vault"), with these arguments:
--
--     mint_binary, redeem_binary   (&mut Vault, …, &Oracle, expiry: u64, strike: u64, is_up: bool,
--                                   quantity: u64, &Clock)
--     mint_range, redeem_range     (&mut Vault, …, &Oracle, expiry: u64, lower_strike: u64,
--                                   higher_strike: u64, quantity: u64, &Clock)
--     pm_deposit, pm_withdraw,
--     supply_plp                   (&mut Vault, …, amount: u64, &Clock)
--     withdraw_plp                 (&mut Vault, …, shares_amount: u64, &Clock)
--     refresh_nav_snapshot,
--     crystallize_fees             (&mut Vault, …, &Clock)
--
--   … are `objects`, in their order: { { name = "predict", id = "0x…", shared = 5, mutable = true } }.
--   With `quote`, it is every function's one type argument. `market` names what of a market is given
--   (default { "oracle" }; {} for none). `functions` renames, or leaves out:
--   { mint_binary = "open", supply_plp = false }. The functions take nothing out of the operator's
--   hands and give nothing back: money moves inside of the vault.

local M = {}

local SUI = "0x2::sui::SUI"

local function fail(name, expected, value)
  local got = type(value) == "string" and string.format("%q", value) or tostring(value)
  error(string.format("%s: expected %s, got %s", name, expected, got), 0)
end

local function check_keys(options, name, known)
  if type(options) ~= "table" then
    fail(name, "a table", options)
  end
  for key in pairs(options) do
    if not known[key] then
      local list = {}
      for other in pairs(known) do
        list[#list + 1] = other
      end
      table.sort(list)
      error(string.format("%s: unknown option '%s'; there are: %s", name, tostring(key), table.concat(list, ", ")), 0)
    end
  end
end

local function text(options, name, expected)
  local value = options[name]
  if type(value) ~= "string" or value == "" then
    fail(name, expected, value)
  end
  return value
end

-- A copy, so that one table can be given to two templates and each be changed alone.
local function copy(value)
  local out = {}
  for key, item in pairs(value) do
    out[key] = item
  end
  return out
end

-- An object as the configuration wants it. Shared ones are mutable unless they say otherwise.
local function object(value, name)
  if type(value) == "string" then
    return { id = value, shared = true, mutable = true }
  end
  if type(value) ~= "table" or type(value.id) ~= "string" then
    fail(name, 'an object ({id = "0x…", shared = true}, or its id)', value)
  end
  local out = copy(value)
  if out.shared and out.mutable == nil then
    out.mutable = true
  end
  return out
end

local function param(name, kind, max)
  return { param = name, type = kind or "u64", max = max }
end

local function limits(options)
  local max = options.max or {}
  check_keys(max, "max", { quantity = true, amount = true })
  return max
end

-- ---- DeepBook Predict, testnet 4-16 ----------------------------------------------------------

local GENERATION = { package = true, predict = true, manager = true, quote = true, coin = true, withdraw = true, max = true }

local function key_of(package, module, params)
  local arguments = { { market = "oracle", type = "id" }, { market = "expiry", type = "u64" } }
  for _, slot in ipairs(params) do
    arguments[#arguments + 1] = slot
  end
  return { target = package .. "::" .. module .. "::new", arguments = arguments }
end

local function position(package, func, quote, max)
  return {
    target = package .. "::predict::" .. func,
    type_arguments = { quote },
    arguments = {
      { object = "predict" }, { object = "manager" }, { market = "oracle" }, { result = 1 },
      param("quantity", "u64", max.quantity), { clock = true },
    },
  }
end

local function binary(package, func, quote, max)
  return {
    key_of(package, "market_key", { param("strike"), param("is_up", "bool") }),
    position(package, func, quote, max),
  }
end

local function range(package, func, quote, max)
  return {
    key_of(package, "range_key", { param("lower_strike"), param("higher_strike") }),
    position(package, func, quote, max),
  }
end

local function deposit(package, coin, quote, max)
  return {
    { split = coin, amounts = { param("amount", "u64", max.amount) } },
    {
      target = package .. "::predict_manager::deposit",
      type_arguments = { quote },
      arguments = { { object = "manager" }, { result = 1, part = 1 } },
    },
  }
end

local function withdrawal(package, into, quote, max)
  local last = { transfer = { { result = 1 } }, to = { sender = true } }
  if into then
    last = { merge = into, coins = { { result = 1 } } }
  end
  return {
    {
      target = package .. "::predict_manager::withdraw",
      type_arguments = { quote },
      arguments = { { object = "manager" }, param("amount", "u64", max.amount) },
    },
    last,
  }
end

-- The coin's name among the objects: "coin", "gas", or nil.
local function coin_of(options, quote, objects)
  if options.coin == nil then
    return nil
  end
  if options.coin == "gas" then
    if quote ~= SUI then
      fail("coin", '"gas" only when quote is "' .. SUI .. '"', options.coin)
    end
    return "gas"
  end
  objects.coin = type(options.coin) == "string" and { id = options.coin, owned = true } or object(options.coin, "coin")
  return "coin"
end

local function joined(options, coin)
  local way = options.withdraw or "transfer"
  if way ~= "transfer" and way ~= "merge" then
    fail("withdraw", '"transfer" or "merge"', way)
  end
  if way == "merge" and coin == nil then
    fail("withdraw", '"merge" only with coin', way)
  end
  return way == "merge" and coin or nil
end

function M.testnet_4_16(options)
  check_keys(options, "testnet_4_16", GENERATION)
  local package = text(options, "package", 'the id of the package ("0x…")')
  local quote = text(options, "quote", 'the type of the coin ("0x…::dusdc::DUSDC")')
  local max = limits(options)
  local objects = { predict = object(options.predict, "predict"), manager = object(options.manager, "manager") }
  local coin = coin_of(options, quote, objects)
  return {
    objects = objects,
    calls = {
      mint_binary = binary(package, "mint", quote, max),
      redeem_binary = binary(package, "redeem", quote, max),
      mint_range = range(package, "mint_range", quote, max),
      redeem_range = range(package, "redeem_range", quote, max),
      pm_deposit = coin and deposit(package, coin, quote, max) or nil,
      pm_withdraw = withdrawal(package, joined(options, coin), quote, max),
    },
  }
end

-- ---- a vault package of one's own ------------------------------------------------------------

local WRAPPED = { package = true, module = true, vault = true, quote = true, objects = true, market = true, functions = true, max = true }

-- What of the action each function is given, and whether it is about a market.
local KINDS = {
  mint_binary = { "strike", "is_up", "quantity", market = true },
  redeem_binary = { "strike", "is_up", "quantity", market = true },
  mint_range = { "lower_strike", "higher_strike", "quantity", market = true },
  redeem_range = { "lower_strike", "higher_strike", "quantity", market = true },
  pm_deposit = { "amount" },
  pm_withdraw = { "amount" },
  supply_plp = { "amount" },
  withdraw_plp = { "shares_amount" },
  refresh_nav_snapshot = {},
  crystallize_fees = {},
}

-- The slots of the vault and of the objects behind it; the objects go to `objects`.
local function wrapped_objects(options, objects)
  local slots = { { object = "vault" } }
  objects.vault = object(options.vault, "vault")
  for i, item in ipairs(options.objects or {}) do
    local name = type(item) == "table" and item.name
    if type(name) ~= "string" then
      fail("objects[" .. i .. "]", 'an object with a name ({name = "predict", id = "0x…", shared = true})', item)
    end
    if objects[name] then
      fail("objects[" .. i .. "].name", "another name than those before", name)
    end
    objects[name] = object(item, "objects[" .. i .. "]")
    objects[name].name = nil
    slots[#slots + 1] = { object = name }
  end
  return slots
end

local function wrapped_arguments(kind, slots, market, max)
  local fields = KINDS[kind]
  local arguments = {}
  for _, slot in ipairs(slots) do
    arguments[#arguments + 1] = copy(slot)
  end
  if fields.market then
    for _, name in ipairs(market) do
      arguments[#arguments + 1] = { market = name }
    end
    arguments[#arguments + 1] = { market = "expiry", type = "u64" }
  end
  for _, name in ipairs(fields) do
    arguments[#arguments + 1] = param(name, name == "is_up" and "bool" or "u64", max[name])
  end
  arguments[#arguments + 1] = { clock = true }
  return arguments
end

local function function_of(functions, kind)
  local name = functions[kind]
  if name == nil then
    return kind
  end
  if name ~= false and (type(name) ~= "string" or name == "") then
    fail("functions." .. kind, "the name of a function, or false", name)
  end
  return name
end

function M.vault(options)
  check_keys(options, "vault", WRAPPED)
  local package = text(options, "package", 'the id of the package ("0x…")')
  local module = options.module == nil and "vault" or text(options, "module", "the name of a module")
  local functions = options.functions or {}
  local max = limits(options)
  local objects, calls = {}, {}
  local slots = wrapped_objects(options, objects)
  check_keys(functions, "functions", KINDS)
  for kind in pairs(KINDS) do
    local name = function_of(functions, kind)
    if name then
      calls[kind] = {
        {
          target = package .. "::" .. module .. "::" .. name,
          type_arguments = options.quote and { text(options, "quote", "the type of a coin") } or nil,
          arguments = wrapped_arguments(kind, slots, options.market or { "oracle" }, max),
        },
      }
    end
  end
  return { objects = objects, calls = calls }
end

return M
