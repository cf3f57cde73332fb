/*
 * The files of a new desk, as text. They are what a newcomer reads first: keep them true (the
 * end-to-end tests make a desk of them and run it) and short.
 */
#include "cli/template.h"

/* clang-format off: one line of text per line of source */

static const char orrery_lua[] =
    "-- The desk's configuration: one Lua table, checked strictly. After a change: `orrery "
    "check`.\n"
    "return {\n"
    "  -- Where runs, the ledger and what strategies remember are kept. Both in one file: then a\n"
    "  -- decision, its transaction and its state are one atomic commit. \"memory:\" keeps "
    "nothing.\n"
    "  journal = \"sqlite:data/orrery.db\",\n"
    "  state = \"sqlite:data/orrery.db\",\n"
    "\n"
    "  -- Vaults hold the money: paper money, in base units (with 6 decimals this is 1,000,000).\n"
    "  vaults = {\n"
    "    paper = {\n"
    "      executor = \"paper\",\n"
    "      quote_balance = 1000000000000,\n"
    "      -- Caps are enforced outside of the scripts: no strategy can exceed them.\n"
    "      caps = { max_single_position_pct = 5, max_exposure_pct = 40, max_open_positions = 20 "
    "},\n"
    "    },\n"
    "  },\n"
    "\n"
    "  -- Feeds bring prices: here a simulated one. The same seed gives the same path.\n"
    "  feeds = {\n"
    "    btc = { kind = \"sim\", spot = 100000, volatility = 0.6, seed = 7, every_ms = 1000 },\n"
    "  },\n"
    "\n"
    "  -- Other values for the strategies' params, by plugin.\n"
    "  plugins = {\n"
    "    first = { params = { rest_seconds = 5 } },\n"
    "  },\n"
    "}\n";

static const char strategies_first_lua[] =
    "-- first: buys a small position when the price rises, then rests for a while.\n"
    "--\n"
    "-- A strategy is a table: what it is called, which vault it operates, what fires it, and "
    "decide().\n"
    "-- It runs in a process that can open no file and no connection. Everything it knows is in "
    "ctx;\n"
    "-- everything it does is in what it returns. All actions returned together are one "
    "transaction:\n"
    "-- all of them, or none.\n"
    "local action = require \"orrery.action\"\n"
    "local cooldown = require \"orrery.cooldown\"\n"
    "local sizing = require \"sizing\" -- lib/sizing.lua\n"
    "\n"
    "return {\n"
    "  name = \"first\",\n"
    "  vault_id = \"paper\",\n"
    "\n"
    "  -- Typed parameters; orrery.lua may override them.\n"
    "  params = {\n"
    "    stake_pct = { type = \"number\", default = 0.5, min = 0.01, max = 5 }, -- of NAV, per "
    "order\n"
    "    rest_seconds = { type = \"integer\", default = 60, min = 1 }, -- pause after an order\n"
    "    max_positions = { type = \"integer\", default = 10, min = 1, max = 20 },\n"
    "  },\n"
    "\n"
    "  triggers = {\n"
    "    { kind = \"cron\", every_seconds = 1 },\n"
    "    { kind = \"event\", topic = \"wake\" }, -- orrery emit wake\n"
    "    { kind = \"manual\" },                -- orrery fire first\n"
    "  },\n"
    "\n"
    "  decide = function(ctx)\n"
    "    local btc = ctx.market.btc\n"
    "    if btc.stale then\n"
    "      return action.noop(\"no fresh price\")\n"
    "    end\n"
    "\n"
    "    -- ctx.state survives restarts. What decide() writes is on disk before any of its "
    "actions\n"
    "    -- is executed.\n"
    "    local before = ctx.state:get(\"spot\")\n"
    "    ctx.state:set(\"spot\", btc.spot)\n"
    "\n"
    "    -- Doing nothing needs a reason: it is recorded, counted and shown.\n"
    "    if before == nil then\n"
    "      return action.noop(\"first look at the price\")\n"
    "    elseif cooldown.active(ctx, \"order\") then\n"
    "      return action.noop(\"resting after an order\")\n"
    "    elseif btc.spot <= before then\n"
    "      return action.noop(\"the price has not risen\")\n"
    "    elseif btc.expiry - ctx.now < 60000 then\n"
    "      return action.noop(\"this market ends within a minute\")\n"
    "    elseif ctx.vault.open_positions >= ctx.params.max_positions then\n"
    "      return action.noop(\"enough positions\")\n"
    "    end\n"
    "\n"
    "    local quantity = sizing.contracts(ctx.vault, ctx.params.stake_pct)\n"
    "    if quantity == 0 then\n"
    "      return action.noop(\"nothing left to stake\")\n"
    "    end\n"
    "\n"
    "    cooldown.start(ctx, \"order\", ctx.params.rest_seconds * 1000)\n"
    "    ctx.log:info(\"the price rises\", { before = before, now = btc.spot })\n"
    "\n"
    "    -- Wins when the market ends above the strike: then each contract pays one base unit.\n"
    "    -- Strikes are scaled by 1e9.\n"
    "    return action.vault.mint_binary {\n"
    "      market_id = btc.market_id,\n"
    "      strike = math.floor(btc.spot) * 1000000000,\n"
    "      is_up = true,\n"
    "      quantity = quantity,\n"
    "    }\n"
    "  end,\n"
    "\n"
    "  -- Only failures come here: a cap, a balance, a price that moved away.\n"
    "  on_error = function(ctx, err)\n"
    "    ctx.log:warn(\"refused\", { message = err.message })\n"
    "  end,\n"
    "}\n";

static const char lib_sizing_lua[] =
    "-- sizing: how much to stake. Modules in lib/ are shared by the desk's strategies.\n"
    "local amount = require \"orrery.amount\"\n"
    "\n"
    "local M = {}\n"
    "\n"
    "-- Contracts for `stake_pct` percent of the vault's NAV, within what its caps leave. A "
    "contract\n"
    "-- costs at most one base unit, so this many never cost more than the stake.\n"
    "function M.contracts(vault, stake_pct)\n"
    "  local stake = amount.percent(vault.nav, stake_pct)\n"
    "  return math.min(stake, vault.max_single_position, vault.exposure_headroom)\n"
    "end\n"
    "\n"
    "return M\n";

static const char tests_smoke_sh[] =
    "#!/bin/sh\n"
    "# Checks the desk, runs a copy of it for three seconds and fails when a run failed or was\n"
    "# rejected. Your data is not touched. ORRERY=/path/to/orrery names another binary.\n"
    "set -eu\n"
    "\n"
    "orrery=${ORRERY:-orrery}\n"
    "desk=$(cd \"$(dirname \"$0\")/..\" && pwd)\n"
    "copy=$(mktemp -d)\n"
    "trap 'rm -rf \"$copy\"' EXIT INT TERM\n"
    "\n"
    "cp -r \"$desk/orrery.lua\" \"$desk/strategies\" \"$desk/lib\" \"$copy\"\n"
    "\"$orrery\" check \"$copy\"\n"
    "\"$orrery\" run \"$copy\" --for 3s --quiet\n"
    "\n"
    "for status in failed rejected; do\n"
    "    bad=$(\"$orrery\" runs -C \"$copy\" --status \"$status\")\n"
    "    if [ \"$bad\" != \"no runs\" ]; then\n"
    "        printf '%s\\n' \"$bad\"\n"
    "        echo \"smoke test: there are $status runs\" >&2\n"
    "        exit 1\n"
    "    fi\n"
    "done\n"
    "if [ \"$(\"$orrery\" runs -C \"$copy\" -n 1)\" = \"no runs\" ]; then\n"
    "    echo \"smoke test: nothing has run\" >&2\n"
    "    exit 1\n"
    "fi\n"
    "echo \"smoke test: ok\"\n";

static const char readme_md[] =
    "# A desk\n"
    "\n"
    "    orrery check              is everything right?\n"
    "    orrery run --watch        run it; what you save is reloaded\n"
    "    orrery status             in another terminal: how it is doing\n"
    "    sh tests/smoke.sh         run a copy for three seconds; fails when a run fails\n"
    "\n"
    "| file | what |\n"
    "|---|---|\n"
    "| `orrery.lua` | vaults, feeds, stores, parameters |\n"
    "| `strategies/*.lua` | the strategies; `first.lua` explains itself |\n"
    "| `lib/*.lua` | modules that they share |\n"
    "| `data/` | made by `orrery run`: the database, the socket, the lock |\n"
    "\n"
    "## Five things to try\n"
    "\n"
    "1. `orrery run --for 20s`, then `orrery runs` and `orrery runs show ID` for one of them.\n"
    "2. `orrery state keys first`, then `orrery state get first spot`.\n"
    "3. While it runs with `--watch`: change a reason in `strategies/first.lua` and save. Then "
    "break\n"
    "   the file: the old version keeps running and the error is shown.\n"
    "4. Kill the daemon with `kill -9` and start it again: nothing is lost, nothing happens "
    "twice.\n"
    "5. Copy `strategies/first.lua`, give the copy another `name`, and buy with `is_up = false` "
    "when\n"
    "   the price falls.\n"
    "\n"
    "The money is paper money. `orrery help` lists the commands; each explains itself with "
    "`--help`.\n";

static const char gitignore[] = "data/\n";

/* clang-format on */

static const struct template_file files[] = {
    {"orrery.lua", orrery_lua, false},
    {"strategies", NULL, false},
    {"strategies/first.lua", strategies_first_lua, false},
    {"lib", NULL, false},
    {"lib/sizing.lua", lib_sizing_lua, false},
    {"tests", NULL, false},
    {"tests/smoke.sh", tests_smoke_sh, true},
    {"README.md", readme_md, false},
    {".gitignore", gitignore, false},
};

const struct template_file *template_files(size_t *count)
{
    *count = sizeof files / sizeof files[0];
    return files;
}
