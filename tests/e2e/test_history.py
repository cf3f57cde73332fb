"""examples/history: a price history through the whole path, at full speed. The same file gives the same runs, the same
state and the same NAV each time, also when the replay is killed and taken up again. ORRERY_KILLS sets how often."""
import os
import shutil
import time

import pytest

from books import check_journal, check_ledger
from support import OK, REPO, SHARED, Desk, run, seeded

KILLS = max(5, int(os.environ.get("ORRERY_KILLS", "32")) // 4)
REAL = SHARED / "data" / "btc-perp-1m-2022-01.csv"
REAL_BARS = 45031

# More plugins on the same vault, not part of the example: several triggers per instant, events, math.random, a TTL, the
# pool. An interruption in the middle of an instant must neither lose nor repeat nor reorder any of them.
GAMBLER = """
local action = require "orrery.action"
return {
  name = "gambler", vault_id = "btc-vault",
  triggers = { { kind = "cron", every_seconds = 300 }, { kind = "event", topic = "again" },
    { kind = "cron", schedule = "0 */4 * * *" }, { kind = "event", topic = "price.btc" } },
  decide = function(ctx)
    local btc = ctx.market.btc
    local n = ctx.state:get_or_default("n", 0) + 1
    ctx.state:set("n", n)
    if ctx.state:has("rest") then return action.noop("resting") end
    local dice = math.random(10)
    if dice <= 2 then
      ctx.state:set_with_ttl("rest", dice, 1200000)
      return { action.emit { topic = "again", payload = { n = n } },
        action.vault.mint_binary { market_id = btc.market_id, is_up = dice == 1, quantity = 1000000 * dice,
          strike = math.floor(btc.spot) * 1000000000 } }
    elseif dice == 3 and #ctx.lifecycle.closures > 0 then
      ctx.state:set("closed", ctx.state:get_or_default("closed", 0) + #ctx.lifecycle.closures)
    elseif dice == 4 then
      return action.vault.supply_plp { amount = 1000 + n }
    end
    return action.noop("dice")
  end,
}
"""


COUNTER = """
return {
  name = "zcounter", vault_id = "btc-vault",
  triggers = { { kind = "event", topic = "price.btc" }, { kind = "cron", every_seconds = 60 },
    { kind = "cron", every_seconds = 300 } },
  decide = function(ctx)
    local n = ctx.state:get_or_default("n", 0) + 1
    ctx.state:set("n", n)
    return require "orrery.action".noop("n=" .. n)
  end,
}
"""


def replay_desk(path, crowded=False):
    shutil.copytree(REPO / "examples" / "history", path, ignore=shutil.ignore_patterns("data"))
    if crowded:
        (path / "strategies" / "gambler.lua").write_text(GAMBLER)
        (path / "strategies" / "zcounter.lua").write_text(COUNTER)
    return Desk(path)


def outcome(desk):
    """Everything that must be the same: each run with what it decided, the state, and the money in the order in which it
    moved. (Ids may be others after an interruption.)"""
    db = desk.copy_of_db()
    runs, pending = check_journal(db)
    assert not pending
    account = check_ledger(db, "btc-vault")
    result = {
        "runs": sorted((tuple(r[k] for k in ("plugin", "status", "trigger", "topic", "scheduled_at", "started_at", "seed",
                                             "depth", "reason", "actions")) for r in runs.values()), key=repr),
        "state": [tuple(r) for r in db.execute("SELECT * FROM plugin_state ORDER BY 1, 2")],
        "account": tuple(account),
        "positions": [tuple(r) for r in db.execute("SELECT * FROM positions ORDER BY 1, 2, 3, 4, 5, 6")],
        "ledger": [tuple(r) for r in db.execute("SELECT vault, account_version, seq, at, kind, market_id,"
                                               " quote_delta, pm_delta, cost_delta, gain_delta FROM ledger ORDER BY id")],
    }
    db.close()
    return result


def check_same(one, other):
    for part in one:
        if one[part] != other[part]:
            pairs = list(zip(one[part], other[part]))
            at = next((i for i, (a, b) in enumerate(pairs) if a != b), len(pairs))
            pytest.fail(f"{part} differ from number {at} on ({len(one[part])} and {len(other[part])}):\n"
                        f"{one[part][at:at + 2]}\n{other[part][at:at + 2]}")


def replay(desk, env=None, expect=OK):
    begun = time.monotonic()
    ran = run("run", desk.path, "--until-feeds-end", "--json", "--log-level", "error", env=env, timeout=240)
    assert ran.code == expect, ran.err
    return ran.data, time.monotonic() - begun


def replay_with_kills(desk, rng, env, undisturbed, session_s):
    """The same replay, killed at random moments; a session that reaches the end ends it early."""
    kills = 0
    while kills < KILLS:
        desk.start("--until-feeds-end", "--log-level", "error", env=env, wait=False)
        time.sleep(rng.uniform(0, 2 * session_s / KILLS))  # the random moment
        if desk.process.poll() is not None:
            assert desk.ended() == OK, desk.log()
            break
        desk.kill()
        kills += 1
    replay(desk, env)
    check_same(undisturbed, outcome(desk))
    return kills


def show(name, data, result, took):
    nav = data["vaults"][0]["nav"]
    statuses = [r[1] for r in result["runs"]]
    counts = {s: statuses.count(s) for s in sorted(set(statuses))}
    print(f"{name}: {len(statuses)} runs in {took:.1f} s ({len(statuses) / took:,.0f}/s), {counts}, NAV {nav}")


def twice(tmp_path, name, env, crowded=False):
    """Two replays from scratch; the first one's summary, outcome and time."""
    first, second = (replay_desk(tmp_path / n, crowded) for n in ("first", "second"))
    data, took = replay(first, env)
    undisturbed = outcome(first)
    show(name, data, undisturbed, took)
    again, _ = replay(second, env)
    check_same(undisturbed, outcome(second))
    assert data["vaults"] == again["vaults"]
    return data, undisturbed, took


def slow_down(desk, speed):
    text = (desk.path / "orrery.lua").read_text()
    assert 'speed = "max"' in text
    (desk.path / "orrery.lua").write_text(text.replace('speed = "max"', f"speed = {speed}"))


def once_more_with_kills(tmp_path, name, env, undisturbed, took, speed=None, crowded=False):
    desk = replay_desk(tmp_path / "killed", crowded)
    if speed is not None:
        slow_down(desk, speed)
    try:
        kills = replay_with_kills(desk, seeded(name), env, undisturbed, took)
    finally:
        desk.close()
    print(f"{name}: the same after {kills} kills")
    assert kills >= 2


def test_the_sample(tmp_path):
    env = {"ORRERY_HISTORY": ""}
    data, result, _ = twice(tmp_path, "sample", env)
    assert data["counters"]["received"] == 1440 and data["clock"] == "data"
    assert data["counters"]["completed"] > 10
    once_more_with_kills(tmp_path, "sample", env, result, 2, speed=43200)  # a day in two seconds


def test_the_sample_with_a_crowd_on_the_vault(tmp_path):
    env = {"ORRERY_HISTORY": ""}
    _, result, _ = twice(tmp_path, "crowd", env, crowded=True)
    statuses = {(r[0], r[1]) for r in result["runs"]}
    assert ("gambler", "completed") in statuses and ("momentum", "completed") in statuses
    assert any(r[3] == "again" for r in result["runs"])
    counted = [r for r in result["runs"] if r[0] == "zcounter"]
    assert len(counted) == 1440 + 1440 + 288, "each price, each minute, each five minutes"
    once_more_with_kills(tmp_path, "crowd", env, result, 4, speed=21600, crowded=True)


@pytest.mark.skipif(not REAL.exists(), reason=f"{REAL.relative_to(REPO.parent)} is not there")
def test_a_month_of_real_minutes(tmp_path):
    env = {"ORRERY_HISTORY": str(REAL)}
    data, result, took = twice(tmp_path, "January 2022", env)
    assert data["counters"]["received"] == REAL_BARS == len(result["runs"])
    assert data["counters"]["completed"] > 100 and data["counters"]["failed"] == 0
    once_more_with_kills(tmp_path, "January 2022", env, result, took)


def test_a_replay_at_finite_speed_keeps_the_data_s_time(tmp_path):
    desk = replay_desk(tmp_path / "paced")
    slow_down(desk, 28800)  # a day in three seconds
    data, took = replay(desk, {"ORRERY_HISTORY": ""})
    assert data["counters"]["received"] == 1440 and 2.5 <= took
    print(f"1,440 minutes at 28,800 times real time: {took:.2f} s")
    full = replay_desk(tmp_path / "full")
    replay(full, {"ORRERY_HISTORY": ""})
    check_same(outcome(full), outcome(desk))
