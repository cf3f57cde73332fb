-- Everything that differs from one deployment to the next. README.md, step 3, says where each of these is found.
-- `orrery check` names what is still to be filled in.
local deployment = {
  chain = "4c78adac", -- Sui testnet
  endpoints = { "https://graphql.testnet.sui.io/graphql" },

  package = "FILL IN", -- DeepBook Predict, its generation 4-16 (predict-testnet-4-16)
  predict = "FILL IN", -- the Predict object, shared
  quote = "FILL IN", -- the type of the coin that pays, "0x…::dusdc::DUSDC"
  manager = "FILL IN", -- your PredictManager, shared
  coin = "FILL IN", -- a coin of that type which the operator owns

  -- Where the price comes from: any address that answers with JSON, and a pointer to the number in it.
  price = { url = "https://api.coinbase.com/v2/prices/BTC-USD/spot", at = "/data/amount" },

  -- What ctx.vault has, read off the objects above. A coin says what it holds. A PredictManager does not: its balances
  -- are objects of their own.
  snapshot = { every = "5s", quote_balance = { object = "coin", at = "/balance" } },
}

local ID = "^0x%x+$"
local forms = { package = ID, predict = ID, manager = ID, coin = ID, quote = "^0x%x+::[%w_]+::[%w_]+$" }
local missing = {}
for name, form in pairs(forms) do
  if not deployment[name]:find(form) then
    missing[#missing + 1] = name
  end
end
if #missing > 0 then
  error("lib/deployment.lua: fill in " .. table.concat(missing, ", ") .. " (README.md, step 3)", 0)
end
return deployment
