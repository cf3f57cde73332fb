-- Tests of orrery.sui_predict, the template of what actions become on Sui.

local check = require "check"
local predict = require "orrery.sui_predict"

local cases = {}
local function case(name, body)
  cases[#cases + 1] = { name, body }
end

local QUOTE = "0xee::dusdc::DUSDC"

local function options(more)
  local out = { package = "0xcc", predict = { id = "0xa1", shared = 5 }, manager = { id = "0xa2", owned = true }, quote = QUOTE }
  for key, value in pairs(more or {}) do
    out[key] = value
  end
  return out
end

case("testnet_4_16: objects", function()
  local made = predict.testnet_4_16(options { coin = "0xa3" })
  check.equal(made.objects, {
    predict = { id = "0xa1", shared = 5, mutable = true },
    manager = { id = "0xa2", owned = true },
    coin = { id = "0xa3", owned = true },
  })
  made = predict.testnet_4_16(options { predict = "0xa1", manager = { id = "0xa2", shared = true, mutable = false } })
  check.equal(made.objects, {
    predict = { id = "0xa1", shared = true, mutable = true },
    manager = { id = "0xa2", shared = true, mutable = false },
  })
end)

case("testnet_4_16: a binary is a key and a call", function()
  local calls = predict.testnet_4_16(options { max = { quantity = 7 } }).calls
  check.equal(calls.mint_binary, {
    {
      target = "0xcc::market_key::new",
      arguments = {
        { market = "oracle", type = "id" }, { market = "expiry", type = "u64" },
        { param = "strike", type = "u64" }, { param = "is_up", type = "bool" },
      },
    },
    {
      target = "0xcc::predict::mint",
      type_arguments = { QUOTE },
      arguments = {
        { object = "predict" }, { object = "manager" }, { market = "oracle" }, { result = 1 },
        { param = "quantity", type = "u64", max = 7 }, { clock = true },
      },
    },
  })
  check.equal(calls.redeem_binary[2].target, "0xcc::predict::redeem")
end)

case("testnet_4_16: a range has two strikes", function()
  local calls = predict.testnet_4_16(options()).calls
  check.equal(calls.redeem_range[1], {
    target = "0xcc::range_key::new",
    arguments = {
      { market = "oracle", type = "id" }, { market = "expiry", type = "u64" },
      { param = "lower_strike", type = "u64" }, { param = "higher_strike", type = "u64" },
    },
  })
  check.equal(calls.mint_range[2].target, "0xcc::predict::mint_range")
  check.equal(calls.redeem_range[2].target, "0xcc::predict::redeem_range")
end)

case("testnet_4_16: money", function()
  local calls = predict.testnet_4_16(options { coin = { id = "0xa3", owned = true }, max = { amount = 9 } }).calls
  check.equal(calls.pm_deposit, {
    { split = "coin", amounts = { { param = "amount", type = "u64", max = 9 } } },
    { target = "0xcc::predict_manager::deposit", type_arguments = { QUOTE }, arguments = { { object = "manager" }, { result = 1, part = 1 } } },
  })
  check.equal(calls.pm_withdraw[2], { transfer = { { result = 1 } }, to = { sender = true } })
  check.equal(predict.testnet_4_16(options()).calls.pm_deposit, nil)
  calls = predict.testnet_4_16(options { coin = "0xa3", withdraw = "merge" }).calls
  check.equal(calls.pm_withdraw[2], { merge = "coin", coins = { { result = 1 } } })
  calls = predict.testnet_4_16(options { quote = "0x2::sui::SUI", coin = "gas" }).calls
  check.equal(calls.pm_deposit[1].split, "gas")
end)

case("testnet_4_16: what the generation cannot do is not there", function()
  local calls = predict.testnet_4_16(options { coin = "0xa3" }).calls
  local names = {}
  for name in pairs(calls) do
    names[#names + 1] = name
  end
  table.sort(names)
  check.equal(names, { "mint_binary", "mint_range", "pm_deposit", "pm_withdraw", "redeem_binary", "redeem_range" })
end)

case("testnet_4_16: errors name the option", function()
  local make = predict.testnet_4_16
  check.raises("testnet_4_16: expected a table, got nil", make)
  check.raises("testnet_4_16: unknown option 'pakage'; there are: coin, manager, max", make, options { pakage = 1 })
  check.raises('package: expected the id of the package ("0x…"), got 5', make, options { package = 5 })
  check.raises("quote: expected the type of the coin", make, options { quote = "" })
  check.raises('predict: expected an object ({id = "0x…", shared = true}, or its id), got 7', make, options { predict = 7 })
  check.raises('coin: expected "gas" only when quote is "0x2::sui::SUI", got "gas"', make, options { coin = "gas" })
  check.raises('withdraw: expected "transfer" or "merge", got "keep"', make, options { withdraw = "keep" })
  check.raises('withdraw: expected "merge" only with coin', make, options { withdraw = "merge" })
  check.raises("max: unknown option 'strike'; there are: amount, quantity", make, options { max = { strike = 1 } })
end)

case("vault: every kind is a function", function()
  local made = predict.vault {
    package = "0xdd", vault = "0xa4", quote = QUOTE,
    objects = { { name = "predict", id = "0xa1", shared = 5 } },
  }
  check.equal(made.objects, {
    vault = { id = "0xa4", shared = true, mutable = true },
    predict = { id = "0xa1", shared = 5, mutable = true },
  })
  check.equal(made.calls.mint_range, {
    {
      target = "0xdd::vault::mint_range",
      type_arguments = { QUOTE },
      arguments = {
        { object = "vault" }, { object = "predict" }, { market = "oracle" }, { market = "expiry", type = "u64" },
        { param = "lower_strike", type = "u64" }, { param = "higher_strike", type = "u64" },
        { param = "quantity", type = "u64" }, { clock = true },
      },
    },
  })
  check.equal(made.calls.withdraw_plp[1].arguments, {
    { object = "vault" }, { object = "predict" }, { param = "shares_amount", type = "u64" }, { clock = true },
  })
  local count = 0
  for _ in pairs(made.calls) do
    count = count + 1
  end
  check.equal(count, 10)
end)

case("vault: renamed, left out, without markets and limits", function()
  local calls = predict.vault({
    package = "0xdd", module = "desk", vault = { id = "0xa4", owned = true }, market = {},
    functions = { mint_binary = "open", supply_plp = false }, max = { amount = 3 },
  }).calls
  check.equal(calls.mint_binary[1].target, "0xdd::desk::open")
  check.equal(calls.mint_binary[1].type_arguments, nil)
  check.equal(calls.mint_binary[1].arguments[2], { market = "expiry", type = "u64" })
  check.equal(calls.supply_plp, nil)
  check.equal(calls.pm_deposit[1].arguments, { { object = "vault" }, { param = "amount", type = "u64", max = 3 }, { clock = true } })
end)

case("vault: errors name the option", function()
  local make = predict.vault
  check.raises("vault: unknown option 'vualt'", make, { package = "0x1", vualt = "0x2" })
  check.raises("vault: expected an object", make, { package = "0x1" })
  check.raises("objects[1]: expected an object with a name", make, { package = "0x1", vault = "0x2", objects = { { id = "0x3" } } })
  check.raises("objects[1].name: expected another name than those before, got \"vault\"", make,
    { package = "0x1", vault = "0x2", objects = { { name = "vault", id = "0x3" } } })
  check.raises("functions: unknown option 'mint'", make, { package = "0x1", vault = "0x2", functions = { mint = "x" } })
  check.raises("functions.mint_binary: expected the name of a function, or false, got 5", make,
    { package = "0x1", vault = "0x2", functions = { mint_binary = 5 } })
end)

return cases
