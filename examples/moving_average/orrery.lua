-- A strategy with tables of its own: the prices it has seen are rows of a database, not values in its memory.
return {
  journal = "sqlite:data/orrery.db",
  state = "sqlite:data/orrery.db",

  -- One file per strategy in this folder. On PostgreSQL, one schema and one role per strategy, from the same declaration:
  -- tables = "postgres://orrery@127.0.0.1:5432/trading?password_env=ORRERY_DB_PASSWORD",
  tables = "sqlite:data/tables",

  vaults = {
    ["btc-vault"] = { executor = "paper", quote_balance = 1000000000000 },
  },

  feeds = {
    btc = { kind = "sim", spot = 100000, volatility = 0.9, seed = 11, every_ms = 100, expiry_every = "20s" },
  },
}
