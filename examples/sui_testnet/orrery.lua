-- A vault on Sui: each decision is one transaction to DeepBook Predict. `orrery run` without --live builds and simulates
-- it and sends nothing. What differs from one deployment to the next is in lib/deployment.lua: fill it in first.
local deployment = require "deployment"
local markets = require "markets"
local predict = require "orrery.sui_predict"

-- What each action becomes. The signer holds every transaction against these same tables: more than `max` in one action
-- is not signed, whatever a strategy, or somebody who has taken core over, asks for.
local template = predict.testnet_4_16 {
  package = deployment.package,
  predict = deployment.predict,
  manager = deployment.manager,
  quote = deployment.quote,
  coin = deployment.coin,
  withdraw = "merge",
  max = { quantity = 2000000, amount = 2000000 }, -- base units: 2 dUSDC
}

return {
  journal = "sqlite:data/orrery.db",
  state = "sqlite:data/orrery.db",

  sui = {
    chain = deployment.chain, -- an endpoint of another chain is refused
    endpoints = deployment.endpoints,
    operators = {
      main = {
        key = "file:keys/operator.key",
        gas_coins = 2, -- one vault needs one; the second is there while an outcome is unknown
        gas_coin = 100000000, -- MIST: 0.1 SUI in each
        gas_budget_max = 50000000, -- of one transaction
        gas_per_day = 1000000000, -- budgets in 24 hours
      },
    },
  },

  vaults = {
    predict = {
      executor = "sui",
      operator = "main",
      on_foreign = "halt", -- nobody else may use this key: if somebody does, stop and look
      permissions = { "mint_binary", "redeem_binary", "pm_deposit" },
      auto_fund = false, -- the strategy deposits what it needs by itself
      objects = template.objects,
      calls = template.calls,
      markets = markets,
      snapshot = deployment.snapshot,
      caps = { max_spend = 10000000, spend_window = "1d" }, -- 10 dUSDC a day
    },
  },

  feeds = {
    btc = { kind = "http", url = deployment.price.url, price = deployment.price.at, every_ms = 2000 },
  },
}
