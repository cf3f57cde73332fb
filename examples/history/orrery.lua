-- Replays a file of prices through the whole path: the same workers, the same durable commits, the same paper
-- vault as live. The clock is the data's: ctx.now, cron, TTLs and expiries follow the file.
return {
  strategies = "strategies",
  journal = "sqlite:data/orrery.db",
  state = "sqlite:data/orrery.db",

  vaults = {
    ["btc-vault"] = {
      executor = "paper",
      quote_balance = 1000000000000,
      caps = { max_single_position_pct = 2, max_exposure_pct = 20, max_drawdown_pct = 50 },
    },
  },

  feeds = {
    btc = {
      kind = "csv",
      path = "sample.csv",         -- made by make_sample.py
      path_env = "ORRERY_HISTORY", -- another file, when this variable is set
      time_column = "timestamp",
      price_column = "close",
      speed = "max",               -- as fast as ticks complete; 60 would be a minute per second
      volatility = 0.6,
    },
  },

  plugins = {
    momentum = { params = { stake_pct = 0.2, strike_step = 10, min_left_ms = 600000, cooldown_ms = 900000 } },
  },
}
