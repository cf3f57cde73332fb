-- The first desk: three strategies on one paper vault, a simulated price, everything kept in one
-- SQLite file. Nothing here leaves the machine. `orrery check` validates this file.
return {
  strategies = "../../strategies",
  journal = "sqlite:data/orrery.db", -- runs, ledger, logs
  state = "sqlite:data/orrery.db",   -- ctx.state: the same file, so that a tick is one transaction

  vaults = {
    ["btc-vault"] = {
      executor = "paper",
      quote_balance = 1000000000000, -- base units: 1,000,000 with 6 decimals
      spread_pct = 1,
      caps = { max_single_position_pct = 2, max_exposure_pct = 30, max_open_positions = 40 },
    },
  },

  feeds = {
    -- A new price twice a second; a market that expires every 10 s, so that settlements can be watched.
    btc = { kind = "sim", spot = 100000, volatility = 0.6, seed = 7, every_ms = 500, expiry_every = "10s" },
  },

  -- The strategies' params for a market that lives seconds instead of hours.
  plugins = {
    ["read-only"] = { params = { window = 8 } },
    ladder = { params = { rungs = 2, strike_step = 1, cooldown_ms = 4000, min_left_ms = 2500 } },
    momentum = { params = { fast = 2, slow = 4, threshold = 0.15, cooldown_ms = 3000, min_left_ms = 2500 } },
  },
}
