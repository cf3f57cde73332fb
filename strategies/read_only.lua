-- read_only: watches a market and never trades.
--
-- What it teaches
--   * The shape of a strategy: a table with a name, a vault, params, triggers and decide(ctx).
--   * decide() always answers. Doing nothing needs a reason, action.noop(reason), and the reasons are
--     counted: `orrery status` and the summary of `orrery run` list the most frequent ones. So a reason is a
--     short label without numbers; numbers go to the log's fields and to ctx.state.
--   * ctx.state is the only memory. Nothing else survives from one tick to the next: not locals of this
--     file (a reload or a restart begins anew), not globals (writing one is an error). What is set here is
--     committed together with the record of this run, or not at all.
--   * The clock is ctx.now. On historical data it is the data's time.

local action = require "orrery.action"
local indicators = require "orrery.indicators"

-- Every function that decides something gets what it needs as arguments: easy to read, easy to test.
local function describe(spot, mean, deviation)
  if spot > mean + deviation then
    return "observing: above its usual range"
  elseif spot < mean - deviation then
    return "observing: below its usual range"
  end
  return "observing: within its usual range"
end

-- Positions of the vault that expired since the last tick are reported once, whoever opened them.
local function report_closures(ctx)
  local won, pnl = 0, 0
  for _, closure in ipairs(ctx.lifecycle.closures) do
    won = won + (closure.won and 1 or 0)
    pnl = pnl + closure.pnl
  end
  if #ctx.lifecycle.closures > 0 then
    ctx.log:info("positions settled", { positions = #ctx.lifecycle.closures, won = won, pnl = pnl })
  end
end

return {
  name = "read-only",
  vault_id = "btc-vault",

  -- Typed and checked. orrery.lua may override them: plugins = { ["read-only"] = { params = { window = 60 } } }
  params = {
    feed = { type = "string", default = "btc", description = "feed to watch" },
    window = { type = "integer", default = 20, min = 2, max = 500, description = "prices to look back" },
  },

  triggers = {
    { kind = "cron", every_seconds = 1 },
    { kind = "manual" }, -- orrery fire read-only
  },

  decide = function(ctx)
    report_closures(ctx)
    local market = ctx.market[ctx.params.feed]
    if not market or market.stale then
      return action.noop("no fresh price")
    end

    -- get() gives a copy: change it as you like, and set() it to keep the change.
    local window = ctx.state:get("window")
    if not window or window.length ~= ctx.params.window then
      window = indicators.stdev_new(ctx.params.window) -- first tick, or the param was changed
    end
    local deviation = indicators.stdev_add(window, market.spot)
    ctx.state:set("window", window)
    ctx.state:set("ticks", ctx.state:get_or_default("ticks", 0) + 1)

    if not deviation then
      return action.noop("observing: gathering prices")
    end
    return action.noop(describe(market.spot, indicators.sma_value(window), deviation))
  end,
}
