"""The core and its workers are killed at random moments, under load; afterwards the books must be right.

20 plugins tick every 20 ms. Each decide() counts in ctx.state and says its number in the run's record, so that state
is a function of the runs on record: n in state == number of runs that decided == the greatest n said, and the ns said are
1, 2, 3 … in the order of the runs. ORRERY_KILLS sets the number of kills.

With state on PostgreSQL the same holds with one difference, see check_state_apart(); there the server is killed, too.
"""
import json
import os
import signal
import time

import pytest

from books import check_caps, check_journal, check_ledger
from shared import url
from support import every, seeded, wait_until

KILLS = int(os.environ.get("ORRERY_KILLS", "32"))
CAPS = {"max_single_position_pct": 0.001, "max_exposure_pct": 0.002, "max_open_positions": 12, "max_spend": 40000000,
        "window_ms": 2000}

HEAD = """
-- Counts, keeps a time, a list and a key that expires; says n in its log, which is part of the run's record.
local function count(ctx)
  local n = ctx.state:get_or_default("n", 0) + 1
  local list = ctx.state:get_or_default("list", {})
  list[#list + 1] = n
  if #list > 5 then table.remove(list, 1) end
  ctx.state:set("n", n)
  ctx.state:set("list", list)
  ctx.state:set("at", ctx.now)
  if n % 10 == 0 then ctx.state:delete("at") end
  ctx.state:set_with_ttl("brief", n, 1000)
  ctx.log:info("n", { n = n })
  return n
end
"""

COUNTER = 'return action.noop(count(ctx) % 2 == 0 and "even" or "odd")'

# Mints around the price, and redeems what is held (by any of them: sometimes another was faster).
TRADER = """
    local n = count(ctx)
    local btc = ctx.market.btc
    if n % 4 == 0 then
      return action.vault.mint_binary { market_id = btc.market_id, is_up = n % 8 == 0, quantity = 1000000 + n,
        strike = (math.floor(btc.spot) + math.random(-9, 9)) * 1000000000 }
    elseif n % 4 == 2 then
      for _, p in ipairs(ctx.vault.positions) do
        if p.kind == "binary" and p.market_id == btc.market_id then
          return action.vault.redeem_binary { market_id = p.market_id, strike = p.strike, is_up = p.is_up,
            quantity = p.quantity }
        end
      end
    end
    return action.noop("waiting")
"""

# A deposit and a range in one batch, and the pool.
BATCHER = """
    local n = count(ctx)
    local btc = ctx.market.btc
    local strike = math.floor(btc.spot) * 1000000000
    if n % 5 == 0 then
      return { action.vault.pm_deposit { amount = 1000000 + n },
        action.vault.mint_range { market_id = btc.market_id, lower_strike = strike, higher_strike = strike + 10000000000,
          quantity = 5000000 } }
    elseif n % 5 == 1 then
      return { action.vault.supply_plp { amount = 1000000 + n }, action.noop("the pool") }
    elseif n % 5 == 3 then
      return action.vault.withdraw_plp { shares_amount = 600000 }
    end
    return action.noop("waiting")
"""

EMITTER = """
    if count(ctx) % 3 == 0 then
      return { action.emit { topic = "news", payload = { at = ctx.now } }, action.emit { topic = "unheard" } }
    end
    return action.noop("no news")
"""

TRADERS, BATCHERS, EMITTERS, LISTENERS, COUNTERS = 5, 2, 3, 3, 5


APART = ('function(name) if name == "apart" then return "sqlite:data/apart.db" end '
         'return "sqlite:data/orrery.db" end')


def load(desk, workers=2, state=APART):
    """20 plugins, all but the listeners on a 20 ms cron. """
    desk.configure(workers=workers, feed=', expiry_every = "2s"', feed_ms=20, state=state,
                   vault=', caps = { max_single_position_pct = %(max_single_position_pct)g, '
                         'max_exposure_pct = %(max_exposure_pct)g, max_open_positions = %(max_open_positions)d, '
                         'max_spend = %(max_spend)d, spend_window = 2 }' % CAPS)
    cron = every(0.02)
    kinds = [("trader", TRADERS, TRADER, cron), ("batcher", BATCHERS, BATCHER, cron), ("emitter", EMITTERS, EMITTER, cron),
             ("listener", LISTENERS, COUNTER, '{ kind = "event", topic = "news" }, { kind = "event", topic = "ext" }'),
             ("counter", COUNTERS, COUNTER, cron)]
    for kind, number, decide, triggers in kinds:
        for i in range(number):
            desk.add(f"{kind}{i}", decide, triggers, head=HEAD)
    desk.add("apart", COUNTER, cron, head=HEAD)
    desk.add("hand", COUNTER, head=HEAD)


# ---- what must hold ----

def said(run):
    """The n that a run's decide() said."""
    return next(line["fields"]["n"] for line in json.loads(run["logs"]) if line["message"] == "n")


def by_plugin(runs):
    """The runs that decided, per plugin, in order of their ids."""
    groups = {}
    for r in runs.values():
        if r["status"] in ("noop", "completed", "rejected"):
            groups.setdefault(r["plugin"], []).append(r)
    return groups


def check_state(db, groups):
    """State is what the committed runs wrote: no more, no less."""
    for plugin, runs in groups.items():
        if plugin == "apart":
            continue
        ns = [said(r) for r in runs]
        if not plugin.startswith("listener"):
            assert ns == list(range(1, len(ns) + 1)), f"{plugin}: {first_break(ns)}"
        assert sorted(ns) == list(range(1, len(ns) + 1)), plugin
        state = {r["key"]: json.loads(r["value"]) for r in
                 db.execute("SELECT key, value FROM plugin_state WHERE plugin_name = ?", (plugin,))}
        last = len(ns)
        assert state["n"] == last, plugin
        assert state["list"] == list(range(max(1, last - 4), last + 1))
        assert ("at" in state) == (last % 10 != 0)
        newest = next(r for r in reversed(runs) if said(r) == last)
        assert state.get("at") in (None, newest["started_at"])


def first_break(ns):
    at = next(i for i, n in enumerate(ns) if n != i + 1)
    return f"run {at} says {ns[at]}: … {ns[max(0, at - 3):at + 4]} …"


def check_children(runs, pending):
    """Every event reached every subscriber as one run, or still waits to: never both, never twice."""
    expected, seen = set(), []
    for r in runs.values():
        if r["plugin"].startswith("emitter") and r["status"] == "completed":
            expected |= {(r["id"], f"listener{i}") for i in range(LISTENERS)}
    for r in [*runs.values(), *pending.values()]:
        if r["parent"] is not None:
            seen.append((r["parent"], r["plugin"]))
    assert len(set(seen)) == len(seen)
    assert set(seen) == expected


def check_apart(desk, groups):
    """State in a database of its own is durable before the run is: it may be ahead by runs that were lost, never behind."""
    ns = [said(r) for r in groups.get("apart", [])]
    assert all(a < b for a, b in zip(ns, ns[1:])), "never twice the same"
    db = desk.db("data/apart.db")
    kept = [json.loads(r["value"]) for r in db.execute("SELECT value FROM plugin_state WHERE key = 'n'")]
    db.close()
    assert not ns or kept[0] >= ns[-1]


def rows_of(server):
    """{plugin: {key: value}} as PostgreSQL has it."""
    rows = json.loads(server.sql("SELECT coalesce(json_agg(json_build_array(plugin_name, key, value::text)), '[]') "
                                 "FROM plugin_state").stdout)
    states = {}
    for plugin, key, value in rows:
        states.setdefault(plugin, {})[key] = json.loads(value)
    return states


def check_state_apart(states, groups, kills):
    """State on a server is committed first, and the run's record when that is durable. So a kill of the core may lose the
    records of ticks that were between the two: exactly then numbers are missing among the runs. None comes twice (the
    next session reads what is durable), none is missing elsewhere, and the state is never behind. A kill of the server
    loses nothing: the core is there to repeat what was not acknowledged."""
    for plugin, runs in groups.items():
        ns, state = [said(r) for r in runs], states[plugin]
        assert len(set(ns)) == len(ns), f"{plugin}: twice"
        assert state["n"] >= max(ns), plugin
        if not plugin.startswith("listener"):
            assert ns == sorted(ns), plugin
            for before, after in zip(runs, runs[1:]):
                killed = any(before["started_at"] <= late and early <= after["started_at"] for early, late in kills)
                assert said(after) == said(before) + 1 or killed, (plugin, said(before), said(after))
            assert ns[0] == 1 or any(early <= runs[0]["started_at"] for early, _ in kills), plugin
        last = state["n"]  # what is there is of one tick, whole
        assert state["list"] == list(range(max(1, last - 4), last + 1))
        assert ("at" in state) == (last % 10 != 0)


def verify(desk, acknowledged=(), server=None, kills=()):
    db = desk.copy_of_db()
    runs, pending = check_journal(db)
    groups = by_plugin(runs)
    failed = [r for r in runs.values() if r["status"] == "failed"]
    assert not failed, failed[:3]
    if server is None:
        check_state(db, groups)
    else:
        check_state_apart(rows_of(server), groups, kills)
    check_children(runs, pending)
    check_ledger(db)
    check_caps(db, CAPS)
    texts = {id_text(i) for i in [*runs, *pending]}
    assert set(acknowledged) <= texts, "what was acknowledged is on record"
    db.close()
    return runs, pending


def id_text(number):
    digits = "0123456789abcdefghjkmnpqrstvwxyz"
    return "".join(digits[number >> 5 * i & 31] for i in range(12, -1, -1))


# ---- the tests ----

def poke(desk, rng, acknowledged):
    """Triggers from outside; what the daemon acknowledges must survive."""
    try:
        if rng.random() < 0.5:
            acknowledged.append(desk.ask("fire", plugin="hand", wait=rng.random() < 0.5)["run"])
        else:
            acknowledged += desk.ask("emit", topic="ext")["runs"]
    except (OSError, ConnectionError):
        return False
    return True


def has_journal(desk):
    """Killed in its first milliseconds, a daemon may have left an empty folder, or half of the schema."""
    if not (desk.path / "data" / "orrery.db").exists():
        return False
    db = desk.copy_of_db()
    found = db.execute("SELECT count(*) FROM sqlite_master WHERE name = 'runs_v'").fetchone()[0]
    db.close()
    return found == 1


def settle(desk, acknowledged, **place):
    """A stop leaves events that wait to the next start: one more session, without new ones, ends them all."""
    verify(desk, acknowledged, **place)
    for i in range(EMITTERS):
        (desk.path / "strategies" / f"emitter{i}.lua").unlink()
    desk.start("--log-level", "warn")
    wait_until(lambda: desk.value("SELECT count(*) FROM pending") == 0, what="the end of all events")
    desk.stop()
    return verify(desk, acknowledged, **place)


def test_sigkill_of_the_core_at_random_moments(desk):
    rng = seeded("kill")
    load(desk)
    acknowledged = []
    for _ in range(KILLS):
        # Now and then while it is still starting, mostly under load.
        early = rng.random() < 0.15
        desk.start("--log-level", "warn", wait=not early)
        moment = time.monotonic() + rng.uniform(0, 0.08 if early else 0.5)
        while not early and time.monotonic() < moment and poke(desk, rng, acknowledged):
            time.sleep(rng.uniform(0, 0.03))
        time.sleep(max(0, moment - time.monotonic()))
        desk.kill()
        if has_journal(desk):
            verify(desk, acknowledged)
    # The last session ends in order; what waited has then become runs, each once.
    desk.start()
    desk.wait_until(lambda s: s["counters"]["noop"] > 200, what="the last session to be under way")
    desk.stop()
    runs, pending = settle(desk, acknowledged)
    ended = by_plugin(runs)
    check_apart(desk, ended)
    assert len(ended) == 20 and not pending
    per_status = {s: sum(r["status"] == s for r in runs.values()) for s in ("noop", "completed", "rejected", "skipped")}
    print(f"{KILLS} kills, {len(runs)} runs {per_status}, {len(acknowledged)} acknowledged triggers from outside")
    refused = {json.loads(r["error"])["code"] for r in runs.values() if r["status"] == "rejected"}
    print(f"refusals seen: {', '.join(sorted(refused))}; {sum(r['parent'] is not None for r in runs.values())} children")
    assert refused & {"CAP_SPEND", "CAP_EXPOSURE", "CAP_OPEN_POSITIONS", "CAP_SINGLE_POSITION"}, "the caps were at work"
    assert per_status["completed"] > 10 and per_status["noop"] > 100


@pytest.mark.parametrize("postgres", [{"commit_delay": "5000", "commit_siblings": "0"}], indirect=True)
def test_sigkill_of_the_core_and_of_postgresql(desk, postgres):
    """State is on PostgreSQL, whose commits take 5 ms, so that kills hit them. Now the core is killed, now the server,
    now both, one while the other is still down."""
    rng = seeded("postgres")
    load(desk, state=f'"{url(postgres)}"')
    acknowledged, kills, count = [], [], {"core": 0, "server": 0, "both": 0}

    def kill_core():
        early = time.time() * 1000
        desk.kill()
        kills.append((early, time.time() * 1000))

    for _ in range(max(9, KILLS // 2)):
        if desk.process is None:
            desk.start("--log-level", "warn", "--wait-for-state", "60s")
        moment = time.monotonic() + rng.uniform(0, 0.5)
        while time.monotonic() < moment and poke(desk, rng, acknowledged):
            time.sleep(rng.uniform(0, 0.03))
        what = rng.choice(list(count))
        count[what] += 1
        if what != "core":
            postgres.kill()
            time.sleep(rng.uniform(0, 0.1))
        if what != "server":
            kill_core()
        if what != "core":
            postgres.restart()
        if desk.process is None and has_journal(desk):
            verify(desk, acknowledged, postgres, kills)
    if desk.process is None:
        desk.start()
    desk.wait_until(lambda s: s["counters"]["noop"] > 200 and all(x["state"] == "working" for x in s["stores"]),
                    what="the last session to be under way")
    desk.stop()
    runs, pending = settle(desk, acknowledged, server=postgres, kills=kills)
    ended, states = by_plugin(runs), rows_of(postgres)
    assert len(ended) == 20 and not pending and min(count.values()) > 0
    # The last session ended in order: nothing is ahead any more.
    assert all(states[p]["n"] == max(said(r) for r in ended[p]) for p in ended)
    lost = sum(states[p]["n"] - len(ended[p]) for p in ended)
    print(f"kills: {count}, {len(runs)} runs, {lost} records lost with the core, {len(acknowledged)} acknowledged")


def kill_a_worker(desk, rng):
    """Now and then one that has ticks for certain; waits until another has taken its place."""
    status = desk.wait_until(lambda s: s if all(w["pid"] for w in s["workers"]) else None, what="all workers")
    victim = rng.choice(status["workers"])
    if rng.random() < 0.4:
        os.kill(victim["pid"], signal.SIGSTOP)
        desk.wait_until(lambda s: any(p["running"] or p["queued"] for p in s["plugins"]
                                             if p["worker"] == victim["index"]), what="a tick")
    time.sleep(rng.uniform(0, 0.1))
    os.kill(victim["pid"], signal.SIGKILL)
    desk.wait_until(lambda s: s["workers"][victim["index"]]["pid"] not in (0, victim["pid"]), 30, "a new worker")


def test_sigkill_of_workers_loses_no_tick(desk):
    rng = seeded("workers")
    load(desk, workers=4)
    desk.start("--log-level", "warn")
    acknowledged = []
    for _ in range(max(20, KILLS * 3 // 4)):
        poke(desk, rng, acknowledged)
        kill_a_worker(desk, rng)
    status = desk.wait_until(lambda s: s if all(p["queued"] == 0 for p in s["plugins"]) else None, 60, "empty queues")
    assert sum(w["restarts"] for w in status["workers"]) >= 20
    assert all(p["health"] == "healthy" for p in status["plugins"]), [p for p in status["plugins"] if p["reason"]]
    desk.stop()
    runs, _ = verify(desk, acknowledged)
    skipped = {r["reason"].split(":")[0] for r in runs.values() if r["status"] == "skipped"}
    assert skipped <= {"queue full", "the daemon is stopping"}, skipped
    check_beat(runs, status)
    requeued = status["counters"]["requeued"]
    print(f"{len(runs)} runs, {requeued} ticks dispatched again, {len(acknowledged)} triggers from outside")
    assert max(r["attempts"] for r in runs.values()) >= 2, "some tick was at a worker when it died"
    assert not settle(desk, acknowledged)[1]


def check_beat(runs, status):
    """A cron plugin's runs lie 20 ms apart from the first to the last: each due time once. (Times that passed while the
    core itself was not given the processor are folded into one tick, and counted as missed.)"""
    for p in status["plugins"]:
        due = [r["scheduled_at"] for r in runs.values() if r["plugin"] == p["name"] and r["trigger"] == "cron"]
        if not due:
            continue
        assert len(set(due)) == len(due), p["name"]
        gaps = sum((b - a) // 20 - 1 for a, b in zip(sorted(due), sorted(due)[1:]))
        assert gaps <= p["counters"]["missed"] + 5, (p["name"], gaps, p["counters"])
