-- Two kinds of memory on one desk: a strategy whose name begins with "scalping-" keeps its state in memory, the rest
-- in SQLite. The factory is asked once per plugin, when it is loaded.
return {
  strategies = "strategies",
  journal = "sqlite:data/orrery.db",

  state = function(plugin_name)
    if plugin_name:find("^scalping%-") then
      return "memory:" -- nothing to write to disk; begins anew after a restart
    end
    return "sqlite:data/orrery.db"
  end,

  vaults = {
    ["btc-vault"] = { executor = "paper", quote_balance = 1000000000000 },
  },

  feeds = {
    btc = { kind = "sim", spot = 100000, volatility = 0.9, seed = 11, every_ms = 100, expiry_every = "60s" },
  },
}
