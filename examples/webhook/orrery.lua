-- A vault that is somewhere else: each decision is one signed POST to a program of yours (executor.py here), which
-- trades wherever it likes. `orrery run` without --live asks it whether it would, and sends nothing.
return {
  journal = "sqlite:data/orrery.db",
  state = "sqlite:data/orrery.db",

  vaults = {
    venue = {
      executor = "webhook",
      url = "http://127.0.0.1:8470/batches",
      simulate_url = "http://127.0.0.1:8470/simulate",
      secret = "file:data/webhook.secret", -- executor.py makes it; or secret_env = "NAME"
      timeout = "5s",
      calls = { "order" }, -- what the generic `call` action may ask for
      snapshot = {
        url = "http://127.0.0.1:8470/vault",
        every = "1s",
        values = { quote_balance = "/cash", coins = "/coins", orders = "/orders" },
      },
    },
  },

  feeds = {
    btc = { kind = "sim", spot = 100000, volatility = 2.5, seed = 11, every_ms = 100, expiry_every = "1h" },
  },
}
