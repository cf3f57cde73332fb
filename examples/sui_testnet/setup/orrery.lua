-- A desk for one transaction: it makes the operator's PredictManager. README.md, step 3.
local deployment = {
  chain = "4c78adac", -- Sui testnet
  endpoints = { "https://graphql.testnet.sui.io/graphql" },
  package = "FILL IN", -- DeepBook Predict, its generation 4-16 (predict-testnet-4-16)
}
if not deployment.package:find("^0x%x+$") then
  error("fill in package at the top (README.md, step 3)", 0)
end

local create = deployment.package .. "::predict::create_manager"

return {
  sui = {
    chain = deployment.chain,
    endpoints = deployment.endpoints,
    operators = { main = { key = "file:../keys/operator.key", gas_coins = 1 } },
  },
  vaults = {
    setup = {
      executor = "sui",
      operator = "main",
      calls = { call = { [create] = { { target = create, arguments = {} } } } },
    },
  },
  plugins = { ["create-manager"] = { params = { target = create } } },
}
