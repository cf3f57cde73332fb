-- A strategy that acts on what an indexer writes into a PostgreSQL table: each row is one run, also those that were
-- written while this daemon was down.
return {
  journal = "sqlite:data/orrery.db",
  state = "sqlite:data/orrery.db",

  -- What strategies may have events from. A strategy names one of these; it cannot make the daemon connect anywhere
  -- else. A password comes from the environment (password_env) or from a file (password_file), see docs/state.md.
  sources = {
    indexer = "postgres://orrery@127.0.0.1:5432/indexer",
  },

  vaults = {
    ["btc-vault"] = { executor = "paper", quote_balance = 1000000000000 },
  },

  feeds = {
    btc = { kind = "sim", spot = 100000, volatility = 0.6, seed = 5, every_ms = 100, expiry_every = "20s" },
  },
}
