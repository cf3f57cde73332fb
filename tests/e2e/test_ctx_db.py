"""ctx.db in the real program: ticks that wait beside each other, workers that die meanwhile, databases that are slow, refuse
or are away."""
import json
import os
import signal
import sqlite3
import time

import pytest

from support import CONFIGURATION, OK, PATIENCE, every, wait_until

SCHEMA = "schema = { t = { columns = { n = 'bigint not null', run = 'text' }, primary_key = { 'n' } } },"

# Counts to n within the database; without an end when there is none.
COUNTING = {
    "sqlite": "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < $1) SELECT count(*) AS n FROM c",
    "postgres": "WITH RECURSIVE c(n) AS (SELECT 1::bigint UNION ALL SELECT n + 1 FROM c WHERE n < $1) SELECT count(*) AS n FROM c",
}
ENDLESS = 1 << 60


def counting(n, kind="sqlite"):
    return f'ctx.db:query("{COUNTING[kind]}", {{ {n} }})'


def limits(**more):
    settings = {"db_ms": 50} | more
    return "limits = { %s }," % ", ".join(f"{k} = {v}" for k, v in settings.items())


@pytest.fixture(params=["sqlite", "postgres"])
def kind(request):
    return request.param


@pytest.fixture
def tables(kind, request):
    """The setting `tables`."""
    if kind == "sqlite":
        return 'tables = "sqlite:data/tables",'
    return f'tables = "{request.getfixturevalue("postgres").url}",'


def rows(desk, plugin, sql):
    with sqlite3.connect(f"file:{desk.path}/data/tables/{plugin}.db?mode=ro", uri=True, timeout=10) as db:
        return db.execute(sql).fetchall()


def test_calls_and_answers(desk, kind, tables):
    desk.configure(more=tables)
    desk.add("one", """
        assert(ctx.db:insert("t", { n = 9007199254740993, run = "a" }, { key = "k" }) == 1)
        local changed, again = ctx.db:insert("t", { n = 9007199254740993, run = "b" }, { key = "k" })
        assert(changed == 0 and again == true)
        assert(ctx.db:upsert("t", { n = 2, run = orrery.null }) == 1)
        local all = ctx.db:select("t", { order_by = "n" })
        assert(#all == 2 and all[1].n == 2 and all[1].run == nil and all[2].n == 9007199254740993 and all[2].run == "a")
        local some = ctx.db:query("SELECT run FROM t WHERE n > $1", { 5 })
        assert(ctx.db:exec("DELETE FROM t WHERE n = $1", { 2 }) == 1)
        assert(ctx.db:delete("t", { n = { [">"] = 0 } }) == 1)
        local ok, why = pcall(ctx.db.query, ctx.db, "SELECT nobody FROM t")
        local more, conflict = pcall(function() ctx.db:insert("t", { n = 1 }) ctx.db:insert("t", { n = 1 }) end)
        return action.noop(#ctx.db:select("t") .. some[1].run .. tostring(ok) .. tostring(conflict ~= nil))
    """, head='local orrery = require "orrery"', more=SCHEMA)
    desk.start()
    run = desk.fire("one")
    assert run["status"] == "noop", run
    assert run["reason"] == "1afalsetrue"
    db = desk.plugin("one")["db"]
    assert db["calls"] == 11 and db["errors"] == 2 and db["latency_us"] > 0


def test_two_ticks_interleave(desk, kind, tables):
    desk.configure(more=tables + limits(db_ms=20000))
    desk.add("one", f"""
        local trace = ctx.state:get_or_default("trace", {{}})
        trace[#trace + 1] = "begin " .. ctx.run_id
        ctx.state:set("trace", trace)
        ctx.state:set(ctx.run_id, true)
        {counting(300000, kind)}
        trace = ctx.state:get("trace")
        trace[#trace + 1] = "end " .. ctx.run_id
        ctx.state:set("trace", trace)
        return action.noop("" .. ctx.now)
    """, more=SCHEMA)
    desk.start()
    ids = [desk.ask("fire", plugin="one")["run"] for _ in range(2)]
    desk.wait_until(lambda s: s["counters"]["noop"] == 2, what="both runs")
    desk.stop()
    state = desk.state("one")
    assert state["trace"] == [f"begin {ids[0]}", f"begin {ids[1]}", f"end {ids[0]}", f"end {ids[1]}"]
    assert state[ids[0]] is True and state[ids[1]] is True


def db_of(status, key):
    """What the status says of the first plugin's tables; None while they are not open yet."""
    return (status["plugins"][0]["db"] or {}).get(key)


def worker_of(desk, plugin):
    status = desk.status()
    index = next(p for p in status["plugins"] if p["name"] == plugin)["worker"]
    return next(w for w in status["workers"] if w["index"] == index)["pid"]


def test_worker_killed_while_a_run_waits(desk, kind, tables):
    """It is dispatched again. Its write was committed at the call, and its key keeps it from being done twice."""
    desk.configure(workers=1, more=tables + limits(db_ms=20000))
    slow = counting(4000000, kind)
    desk.add("one", f"""
        local _, again = ctx.db:insert("t", {{ n = ctx.now, run = ctx.run_id }}, {{ key = ctx.run_id }})
        ctx.state:set("n", ctx.state:get_or_default("n", 0) + 1)
        if not again then {slow} end
        return action.noop(tostring(again) .. #ctx.db:select("t"))
    """, more=SCHEMA)
    desk.start()
    run = desk.ask("fire", plugin="one")["run"]
    desk.wait_until(lambda s: db_of(s, "calls") == 1 and db_of(s, "waiting") == 1, what="the wait")
    os.kill(worker_of(desk, "one"), signal.SIGKILL)
    desk.wait_until(lambda s: s["counters"]["noop"] == 1, timeout=40, what="its end")
    record = json.loads(desk.cli("runs", "show", run, "--json").out)["data"]
    record = record.get("run", record)
    assert record["reason"] == "true1" and record["attempts"] == 2
    desk.stop()
    assert desk.state("one")["n"] == 1


def test_daemon_killed_while_runs_wait(desk):
    desk.configure(more=limits(db_ms=20000))
    desk.add("one", f"""
        local _, again = ctx.db:insert("t", {{ n = ctx.now, run = ctx.run_id }}, {{ key = ctx.run_id }})
        if not again then {counting(30000000)} end
        return action.noop(tostring(again))
    """, more=SCHEMA)
    desk.start()
    desk.ask("fire", plugin="one")
    desk.wait_until(lambda s: db_of(s, "calls") == 1, what="the first call")
    desk.kill()
    desk.start()
    desk.wait_until(lambda s: s["counters"]["noop"] == 1, what="the run that was taken up again")
    desk.stop()
    assert len(rows(desk, "one", "SELECT * FROM t")) == 1


def test_a_call_has_its_time(desk, kind, tables):
    desk.configure(more=tables + limits(db_ms=int(50 * PATIENCE)))
    desk.add("one", f"""
        local ok, why = pcall(function() return {counting(ENDLESS, kind)} end)
        local rows = ctx.db:select("t")
        return action.noop(tostring(ok) .. " " .. why)
    """, more=SCHEMA)
    desk.add("two", counting(ENDLESS, kind), more=SCHEMA)
    desk.start()
    run = desk.fire("one")
    assert run["status"] == "noop" and "took longer than" in run["reason"], run
    run = desk.fire("two")
    assert run["status"] == "failed" and "took longer than" in run["error"]["message"], run
    assert run["error"]["line"] > 0
    assert desk.plugin("two")["health"] == "unhealthy"


def test_all_calls_of_a_run_have_their_time(desk):
    """A script that waits again and again ends, whatever it catches."""
    desk.configure(more=limits(db_ms=100, soft_ms=300, hard_ms=600, wall_ms=1500))
    desk.add("one", f"""
        ctx.state:set("k", 1)
        while true do pcall(function() return {counting(ENDLESS)} end) end
    """, more=SCHEMA)
    desk.start()
    run = desk.fire("one")
    assert run["status"] == "failed" and run["error"]["code"] == "DEADLINE", run
    assert "waited for its tables for more than 1500 ms" in run["error"]["message"]
    desk.stop()
    assert desk.state("one") == {}, "a run that overran leaves no writes"


def test_an_endless_query_delays_nobody_else(desk):
    """Plugins with queries that run into their limit all the time; one that writes rows."""
    desk.configure(workers=2, more=limits(db_ms=400))
    for i in range(3):
        desk.add(f"slow{i}", f'pcall(function() return {counting(ENDLESS)} end) return action.noop("x")', every(0.05), more=SCHEMA)
    desk.add("quick", 'ctx.db:upsert("t", { n = ctx.now }) return action.noop("x")', every(0.05), more=SCHEMA)
    desk.add("plain", 'return action.noop("x")', every(0.05))
    desk.start()
    time.sleep(1)
    before, start = desk.status(), time.monotonic()
    time.sleep(3)
    after, took = desk.status(), time.monotonic() - start

    def rate(name):
        ended = [next(p for p in s["plugins"] if p["name"] == name)["counters"]["noop"] for s in (before, after)]
        return (ended[1] - ended[0]) / took

    assert rate("plain") > 15 / PATIENCE and rate("quick") > 15 / PATIENCE, (rate("plain"), rate("quick"))
    assert 0 < rate("slow0") < 5


def test_hooks_may_ask(desk):
    desk.configure()
    desk.add("one", 'return action.noop("x")', more=SCHEMA + """
      on_executed = function(ctx, result)
        ctx.db:insert("t", { n = 1, run = result.outcome })
        ctx.state:set("seen", #ctx.db:select("t"))
      end,""")
    desk.start()
    desk.fire("one")
    desk.wait_until(lambda s: db_of(s, "calls") == 2, what="the hook")
    desk.stop()
    assert desk.state("one") == {"seen": 1}
    assert rows(desk, "one", "SELECT n, run FROM t") == [(1, "noop")]


def test_where_it_cannot_be_called(desk):
    desk.configure()
    desk.add("one", """
        local ok, why = pcall(table.sort, { 2, 1 }, function(a, b) return #ctx.db:select("t") == 0 end)
        return action.noop(why)
    """, more=SCHEMA)
    desk.add("two", 'return ctx.db:select("t")')
    desk.start()
    assert "cannot be called from inside table.sort" in desk.fire("one")["reason"]
    assert "add schema = {" in desk.fire("two")["error"]["message"]


# ---- declarations ----

def test_check_shows_what_is_wrong_with_a_schema(desk):
    desk.configure()
    desk.add("one", 'return action.noop("x")', more="schema = { t = { columns = { n = 'number', m = 'text' } } },")
    checked = desk.cli("check")
    assert checked.code == CONFIGURATION
    assert "schema.t.columns.n: expected a type" in checked.out + checked.err
    assert not (desk.path / "data" / "tables").exists(), "a check touches no database"


def test_check_refuses_places_for_tables(desk):
    desk.configure(more='tables = "redis://127.0.0.1:1",')
    desk.add("one", 'return action.noop("x")', more=SCHEMA)
    checked = desk.cli("check")
    assert checked.code == CONFIGURATION and "tables cannot live there" in checked.out + checked.err


def test_tables_by_function_of_the_name(desk):
    desk.configure(more='tables = function(name) return "sqlite:data/" .. name .. "-tables" end,')
    desk.add("one", 'ctx.db:upsert("t", { n = 1 }) return action.noop("x")', more=SCHEMA)
    desk.start()
    assert desk.fire("one")["status"] == "noop"
    assert (desk.path / "data" / "one-tables" / "one.db").exists()


def test_a_schema_grows_with_a_reload_and_shrinks_with_none(desk, kind, tables):
    def version(columns, decide):
        desk.add("one", decide, more=f"schema = {{ t = {{ columns = {{ {columns} }} }} }},")

    desk.configure(more=tables)
    version("n = 'bigint'", 'ctx.db:insert("t", { n = 1 }) return action.noop("first")')
    desk.start()
    assert desk.fire("one")["reason"] == "first"
    version("n = 'bigint', more = \"text default 'x'\"", 'return action.noop(ctx.db:select("t")[1].more)')
    assert desk.cli("reload").code == OK
    desk.wait_until(lambda s: desk.fire("one")["reason"] == "x", what="the new column")
    version("n = 'text', more = \"text default 'x'\"", 'return action.noop("never")')
    desk.cli("reload")
    wait_until(lambda: "column 'n'" in desk.log(), what="the refusal in the log")
    assert desk.fire("one")["reason"] == "x", "the old version goes on"
    desk.stop()
    desk.start()
    desk.wait_until(lambda s: s["plugins"][0]["health"] == "broken", what="the plugin to be broken")
    plugin = desk.plugin("one")
    assert "column 'n'" in plugin["reason"], plugin
    run = desk.fire("one")
    assert run["status"] == "skipped" and "column 'n'" in run["reason"]


def test_a_dry_run_reads_and_undoes_its_writes(desk, kind, tables):
    desk.configure(more=tables)
    desk.add("one", """
        local before = #ctx.db:select("t")
        local changed = ctx.db:insert("t", { n = before, run = "x" }, { key = "row " .. before })
        return action.noop(before .. " + " .. changed .. " = " .. #ctx.db:select("t"))
    """, more=SCHEMA)
    desk.start("--dry-run")
    assert [desk.fire("one")["reason"] for _ in range(3)] == ["0 + 1 = 0"] * 3
    desk.stop()
    desk.start()
    assert [desk.fire("one")["reason"] for _ in range(2)] == ["0 + 1 = 1", "1 + 1 = 2"]


# ---- databases that are away ----

def test_a_database_that_is_away(desk, postgres):
    """Its plugin's runs fail and say so, from the start on; others go on; it comes back by itself."""
    desk.configure(workers=1, more='tables = function(name) if name == "local" then return "sqlite:data/tables" end '
                                   f'return "{postgres.url}?connect_timeout=2s&timeout=2s" end,'
                                   "health = { skip = 1, skip_max = 1 }," + limits(db_ms=500))
    body = 'ctx.db:upsert("t", { n = ctx.now }) return action.noop("x")'
    desk.add("remote", body, every(0.1), more=SCHEMA)
    desk.add("local", body, every(0.1), more=SCHEMA)
    postgres.kill()
    desk.start()

    def counters(name):
        return desk.plugin(name)["counters"]

    wait_until(lambda: counters("remote")["failed"] >= 3 and counters("local")["noop"] >= 10, 60, "failures, and a neighbour's ticks")
    assert "PostgreSQL" in desk.plugin("remote")["db"]["last_error"]
    assert desk.plugin("remote")["health"] == "unhealthy"
    shown = desk.cli("status").out
    rows = {line.split()[0]: line for line in shown[shown.index("TABLES OF"):].splitlines() if line}
    assert "sqlite:data/tables" in rows["local"] and rows["local"].rstrip().endswith("-"), shown
    assert f":{postgres.port}" in rows["remote"] and "PostgreSQL" in rows["remote"], shown
    postgres.restart()
    wait_until(lambda: counters("remote")["noop"] >= 3, 60, "the way back")
    postgres.kill()
    seen = counters("remote")["failed"]
    wait_until(lambda: counters("remote")["failed"] > seen, 60, "failures again")
    postgres.restart()
    seen = counters("remote")["noop"]
    wait_until(lambda: counters("remote")["noop"] > seen, 60, "the way back again")
    assert counters("local")["failed"] == 0


def test_a_database_that_hangs_is_not_waited_for_at_the_end(desk, postgres):
    desk.configure(workers=1, more=f'tables = "{postgres.url}?connect_timeout=60s&timeout=60s",' + limits(db_ms=50))
    desk.add("one", 'ctx.db:upsert("t", { n = 1 }) return action.noop("x")', more=SCHEMA)
    desk.start()
    assert desk.fire("one")["status"] == "noop"
    postgres.pause()
    try:
        desk.ask("fire", plugin="one")
        desk.wait_until(lambda s: db_of(s, "waiting") == 1, what="the wait")
        start = time.monotonic()
        desk.signal(signal.SIGTERM)
        desk.ended()
        assert time.monotonic() - start < 15 * PATIENCE
    finally:
        postgres.resume()


# ---- history ----

def test_a_replay_with_tables_is_the_same_twice(desks):
    """Runs that wait do not change the order in which a vault's decisions are executed."""
    prices = "timestamp,close\n" + "".join(f"2026-01-01T00:{i // 60:02d}:{i % 60:02d}Z,{100000 + (i * 7919) % 500}\n" for i in range(120))
    seen = []
    for name in "ab":
        desk = desks(name)
        desk.write("prices.csv", prices)
        desk.write("orrery.lua", 'return { vaults = { v = { executor = "paper", quote_balance = 1000000000000 } }, workers = 2, '
                                 'feeds = { btc = { kind = "csv", path = "prices.csv" } } }')
        for plugin in ("one", "two"):
            desk.add(plugin, """
                ctx.db:upsert("t", { n = ctx.now, run = ctx.trigger.kind })
                local rows = ctx.db:select("t", { order_by = "n desc", limit = 5 })
                local draw = math.random(1000)
                if #rows < 5 then return action.noop("filling " .. draw) end
                return action.vault.pm_deposit { amount = 1000 + draw }
            """, every(1), more=SCHEMA)
        desk.add("plain", 'return action.noop("nav " .. ctx.vault.quote_balance)', every(1))
        ran = desk.cli("run", "--until-feeds-end", "--quiet")
        assert ran.code == OK, ran.err
        runs = json.loads(desk.cli("runs", "-n", "10000", "--json").out)["data"]
        seen.append([(r["plugin"], r["status"], r.get("reason"), r.get("actions")) for r in runs])
    assert len(seen[0]) > 300
    assert seen[0] == seen[1]
