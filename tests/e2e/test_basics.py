"""The life of a desk from its making to the records it leaves, through the commands a person types."""
import json
import os
import signal

import pytest

from support import CONFIGURATION, COUNT, ERROR, NOT_FOUND, NOT_RUNNING, OK, TIMEOUT, every, run, wait_until

ENDED = ("noop", "completed", "rejected", "failed", "skipped")

BUY = """
    local btc = ctx.market.btc
    return action.vault.mint_binary { market_id = btc.market_id, strike = math.floor(btc.spot) * 1000000000,
      is_up = true, quantity = 1000000 }
"""


# ---- from new to the records it leaves ----

def test_new_check_run_and_what_it_leaves(tmp_path):
    desk = tmp_path / "mine"
    assert run("new", desk).code == OK
    assert run("new", desk).code == ERROR, "an existing desk is not overwritten"
    checked = run("check", desk, "--json")
    assert checked.code == OK and checked.data["plugins"][0]["name"] == "first"

    ran = run("run", desk, "--for", "2500ms", "--json")
    assert ran.code == OK, ran.err
    counters = ran.data["counters"]
    assert counters["received"] >= 1
    assert counters["received"] == sum(counters[s] for s in ENDED)

    runs = run("runs", "-C", desk, "-n", "100", "--json").data
    assert len(runs) == counters["received"]
    assert {r["plugin"] for r in runs} == {"first"}
    shown = run("runs", "show", runs[0]["id"], "-C", desk, "--json")
    assert shown.code == OK and shown.data["id"] == runs[0]["id"]
    spot = run("state", "get", "first", "spot", "-C", desk, "--json")
    assert spot.code == OK and spot.data["value"] > 1000
    assert "spot" in [k["key"] for k in run("state", "keys", "first", "-C", desk, "--json").data]
    assert run("status", "-C", desk).code == NOT_RUNNING


def test_a_second_session_goes_on_where_the_first_stopped(desk):
    desk.configure()
    desk.add("counter", COUNT)
    for session in range(3):
        desk.start()
        assert desk.fire("counter")["reason"] == f"n={session + 1}"
        desk.stop()
    assert desk.state("counter") == {"n": 3}


def test_every_command_answers_in_json(desk):
    desk.configure()
    desk.add("counter", COUNT, '{ kind = "manual" }, { kind = "event", topic = "t" }')
    desk.start()
    for words in (["status"], ["fire", "counter"], ["fire", "counter", "1", "--no-wait"], ["emit", "t"], ["reload"],
                  ["reload", "counter"], ["runs"], ["runs", "--status", "noop"], ["state", "set", "counter", "k", "[1]"],
                  ["state", "get", "counter", "k"], ["state", "keys", "counter"], ["state", "delete", "counter", "k"],
                  ["version"], ["check"], ["check", "--confinement"]):
        answer = desk.cli(*words, "--json")
        assert answer.code == OK, (words, answer)
        assert answer.json["ok"] is True and "data" in answer.json, words
    for words in (["fire", "nobody"], ["state", "get", "counter", "nothing"], ["runs", "--status", "odd"], ["frobnicate"],
                  ["status", "--nope"], ["emit", "bad topic"]):
        answer = desk.cli(*words, "--json")
        assert answer.code != OK, words
        assert answer.json["ok"] is False and answer.json["code"] and answer.json["message"], words
    desk.stop()
    for words in (["runs"], ["state", "keys", "counter"], ["state", "get", "counter", "n"], ["db", "upgrade"],
                  ["db", "sweep"]):
        answer = desk.cli(*words, "--json")
        assert answer.code == OK and answer.json["ok"] is True, (words, answer)


# ---- exit codes and suggestions ----

def test_exit_codes(desk):
    assert run("version").code == OK
    assert run("frobnicate").code == ERROR
    assert desk.cli("run").code == NOT_FOUND, "a folder without orrery.lua is no desk"
    desk.configure()
    desk.add("slow", 'return action.noop("x")')
    assert desk.cli("status").code == NOT_RUNNING
    assert desk.cli("fire", "slow").code == NOT_RUNNING
    desk.write("orrery.lua", "return { workers = 'two' }")
    assert desk.cli("check").code == CONFIGURATION
    assert desk.cli("run").code == CONFIGURATION
    desk.configure()
    desk.start()
    assert desk.cli("fire", "nobody").code == NOT_FOUND
    assert desk.cli("fire", "slow").code == OK
    os.kill(desk.status()["workers"][0]["pid"], signal.SIGSTOP)
    answer = desk.cli("fire", "slow", "--timeout", "300ms", "--json")
    assert answer.code == TIMEOUT and answer.json["code"] == "TIMEOUT"
    os.kill(desk.status()["workers"][0]["pid"], signal.SIGCONT)
    desk.wait_until(lambda s: s["counters"]["noop"] == 2, what="the late run")


@pytest.mark.parametrize("words, nearest", [
    (["stauts"], "status"),
    (["run", "--dryrun"], "--dry-run"),
    (["runs", "--plugn", "x"], "--plugin"),
    (["run", "--until-feed-end"], "--until-feeds-end"),
    (["state", "gte", "p", "k"], "get"),
    (["runs", "--status", "compleeted"], "completed"),
    (["run", "--log-level", "wran"], "warn"),
])
def test_what_is_misspelt_is_suggested(desk, words, nearest):
    desk.configure()
    answer = desk.cli(*words)
    assert answer.code == ERROR
    assert nearest in answer.err


@pytest.mark.parametrize("key, line, nearest", [
    ("workrs = 2", 2, "workers"),
    ("vaults = { v = { executer = 'paper' } }", 2, "executor"),
    ("vaults = { v = { executor = 'paper', caps = { max_expsure_pct = 3 } } }", 2, "max_exposure_pct"),
    ("feeds = { btc = { kind = 'sim', spott = 1 } }", 2, "spot"),
    ("limits = { memoy = 1 }", 2, "memory"),
])
def test_an_unknown_key_is_located_and_the_nearest_suggested(desk, key, line, nearest):
    desk.write("orrery.lua", f"return {{\n  {key}\n}}\n")
    answer = desk.cli("check", "--json")
    assert answer.code == CONFIGURATION
    problems = answer.json["problems"]
    assert any(p["file"] == "orrery.lua" and p["line"] == line and nearest in p["hint"] for p in problems), problems


def test_help_is_worth_reading():
    text = run("--help").out
    for word in ("new", "check", "run", "fire", "emit", "status", "runs", "state", "db", "Exit codes"):
        assert word in text
    for command in ("run", "runs", "state", "fire"):
        shown = run(command, "--help")
        assert shown.code == OK and "Examples" in shown.out and "Usage" in shown.out


# ---- triggers ----

def test_fire_waits_and_carries_its_payload(desk):
    desk.configure()
    desk.add("echo", 'ctx.state:set("seen", ctx.trigger.payload or "nothing")\nreturn action.noop(ctx.trigger.kind)')
    desk.add("thrower", 'error("no luck today")')
    desk.start()
    answer = desk.cli("fire", "echo", '{"a": [1, 2.5, "x"]}', "--json")
    assert answer.code == OK and answer.data["status"] == "noop" and answer.data["reason"] == "manual"
    assert answer.data["payload"] == {"a": [1, 2.5, "x"]}
    assert desk.state("echo") == {"seen": {"a": [1, 2.5, "x"]}}, "the answer came after the commit"

    answer = desk.cli("fire", "thrower", "--json")
    assert answer.code == ERROR and answer.data["status"] == "failed"
    assert "no luck today" in answer.data["error"]["message"] and answer.data["error"]["line"] > 0

    answer = desk.cli("fire", "ech", "--json")
    assert answer.code == NOT_FOUND and "echo" in answer.json["hint"]
    answer = desk.cli("fire", "echo", "{broken", "--json")
    assert answer.code == ERROR and answer.json["ok"] is False

    answer = desk.cli("fire", "echo", "--no-wait", "--json")
    assert answer.code == OK
    desk.wait_until(lambda s: s["counters"]["noop"] == 2, what="the fired run")
    assert desk.ask("run", id=answer.data["run"])["status"] == "noop"
    assert desk.state("echo") == {"seen": "nothing"}


def test_emit_reaches_its_subscribers_only(desk):
    desk.configure()
    for name, topic in (("one", "news.btc"), ("two", "news.btc"), ("three", "news.eth")):
        desk.add(name, 'return action.noop(ctx.trigger.topic .. " " .. ctx.trigger.payload.p)',
                 f'{{ kind = "event", topic = "{topic}" }}')
    desk.start()
    answer = desk.cli("emit", "news.btc", '{"p": 7}', "--json")
    assert answer.code == OK and answer.data["subscribers"] == 2 and len(answer.data["runs"]) == 2
    desk.wait_until(lambda s: s["counters"]["noop"] == 2)
    runs = desk.ask("runs", limit=10)
    assert {r["plugin"] for r in runs} == {"one", "two"}
    assert {r["id"] for r in runs} == set(answer.data["runs"])
    assert {r["reason"] for r in runs} == {"news.btc 7"}
    assert {r["trigger"] for r in runs} == {"event"}
    nobody = desk.cli("emit", "news.doge", "--json")
    assert nobody.code == OK and nobody.data["subscribers"] == 0
    desk.stop()
    assert desk.value("SELECT count(*) FROM pending") == 0


def test_an_emitted_event_is_the_child_of_its_run(desk):
    desk.configure()
    desk.add("parent", 'return action.emit { topic = "baton", payload = { from = ctx.run_id } }')
    desk.add("child", 'return action.noop(ctx.trigger.payload.from)', '{ kind = "event", topic = "baton" }')
    desk.start()
    parent = desk.fire("parent")
    assert parent["status"] == "completed"
    desk.wait_until(lambda s: s["counters"]["noop"] == 1)
    child = desk.ask("runs", limit=1, plugin="child")[0]
    assert child["parent"] == parent["id"] == child["reason"]
    assert child["depth"] == parent["depth"] + 1
    assert child["payload"] == {"from": parent["id"]}


def test_a_chain_of_events_ends_at_its_limit(desk):
    desk.configure()
    desk.add("loop", 'return action.emit { topic = "round" }',
             '{ kind = "manual" }, { kind = "event", topic = "round" }')
    desk.start()
    assert desk.fire("loop")["status"] == "completed"
    desk.wait_until(lambda s: s["counters"]["rejected"] == 1)
    runs = desk.ask("runs", limit=100)
    assert sorted(r["depth"] for r in runs) == list(range(11))
    refused = [r for r in runs if r["status"] == "rejected"]
    assert [r["depth"] for r in refused] == [10] and refused[0]["error"]["code"] == "EMIT_DEPTH"
    by_id = {r["id"]: r for r in runs}
    for r in runs:
        if r["depth"] > 0:
            assert by_id[r["parent"]]["depth"] == r["depth"] - 1


def test_a_batch_that_is_refused_emits_nothing(desk):
    desk.configure()
    desk.add("greedy", 'return { action.emit { topic = "done" }, action.vault.pm_withdraw { amount = 1 } }')
    desk.add("listener", 'return action.noop("heard")', '{ kind = "event", topic = "done" }')
    desk.start()
    refused = desk.fire("greedy")
    assert refused["status"] == "rejected" and refused["error"]["action"] == 2
    desk.stop()
    assert desk.value("SELECT count(*) FROM runs_v WHERE plugin = 'listener'") == 0


def test_cron_seconds_keep_their_beat(desk):
    desk.configure()
    desk.add("beat", 'return action.noop("tick")', every(0.05))
    desk.start()
    desk.wait_until(lambda s: s["counters"]["noop"] >= 40)
    desk.stop()
    due = [r[0] for r in desk.rows("SELECT scheduled_at FROM runs ORDER BY id")]
    assert len(set(due)) == len(due)
    assert all(at % 50 == 0 for at in due)
    assert due == sorted(due)


def test_a_schedule_follows_the_data_s_clock(desk):
    start = 1640995200000  # 2022-01-01T00:00Z, a Saturday
    bars = "\n".join(f"{start + 60000 * i},{100000 + i}" for i in range(3 * 24 * 60))
    desk.write("bars.csv", "timestamp,close\n" + bars + "\n")
    desk.write("orrery.lua", """return {
      vaults = { v = { executor = "paper", quote_balance = 1000000 } },
      feeds = { btc = { kind = "csv", path = "bars.csv" } } }""")
    desk.add("quarter", 'return action.noop(tostring(ctx.now))', '{ kind = "cron", schedule = "*/15 * * * *" }')
    desk.add("sunday", 'return action.noop("rest")', '{ kind = "cron", schedule = "30 9 * * 0" }')
    desk.add("hourly", 'return action.noop("hour")', every(3600))
    ran = desk.cli("run", "--until-feeds-end", "--json", timeout=120)
    assert ran.code == OK, ran.err
    rows = desk.rows("SELECT plugin, scheduled_at, started_at, reason FROM runs_v ORDER BY id")
    quarters = [r for r in rows if r["plugin"] == "quarter"]
    # The first bar's own instant counts; the last quarter at 23:45 of the third day.
    assert [r["scheduled_at"] for r in quarters] == list(range(start, start + 3 * 86400000, 900000))
    assert all(r["started_at"] == r["scheduled_at"] == int(r["reason"]) for r in quarters)
    assert [r["scheduled_at"] for r in rows if r["plugin"] == "sunday"] == [start + 86400000 + 9 * 3600000 + 1800000]
    assert len([r for r in rows if r["plugin"] == "hourly"]) == 72


# ---- state ----

def test_state_set_from_outside_is_seen_by_the_next_tick(desk):
    desk.configure()
    desk.add("counter", COUNT)
    desk.start()
    assert desk.fire("counter")["reason"] == "n=1"
    for value in (41, 99, 7):
        assert desk.cli("state", "set", "counter", "n", str(value)).code == OK
        assert desk.fire("counter")["reason"] == f"n={value + 1}"
    assert desk.cli("state", "delete", "counter", "n", "--json").data == {"existed": True}
    assert desk.cli("state", "delete", "counter", "n", "--json").data == {"existed": False}
    assert desk.cli("state", "get", "counter", "n").code == NOT_FOUND
    assert desk.fire("counter")["reason"] == "n=1"
    assert desk.cli("state", "set", "counter", "n", "5", "--ttl", "1ms").code == OK
    wait_until(lambda: desk.cli("state", "get", "counter", "n").code == NOT_FOUND, what="the expiry")
    assert desk.fire("counter")["reason"] == "n=1"


def test_memory_state_is_gone_and_the_journal_is_not(desk):
    desk.configure(state='"memory:"')
    desk.add("counter", COUNT)
    for session in range(2):
        desk.start()
        assert desk.fire("counter")["reason"] == "n=1"
        assert desk.fire("counter")["reason"] == "n=2"
        desk.stop()
    assert desk.value("SELECT count(*) FROM runs") == 4


def test_a_state_function_may_mix_stores(desk):
    desk.configure(state='function(name) if name == "fleeting" then return "memory:" end '
                         'if name == "apart" then return "sqlite:data/apart.db" end return "sqlite:data/orrery.db" end')
    for name in ("fleeting", "apart", "kept"):
        desk.add(name, COUNT)
    for session in (1, 2):
        desk.start()
        assert desk.fire("fleeting")["reason"] == "n=1"
        assert desk.fire("apart")["reason"] == f"n={session}"
        assert desk.fire("kept")["reason"] == f"n={session}"
        desk.stop()
    assert desk.rows("SELECT plugin_name FROM plugin_state") and desk.state("apart") == {}
    db = desk.db("data/apart.db")
    assert [tuple(r) for r in db.execute("SELECT plugin_name, value FROM plugin_state")] == [("apart", "2")]
    db.close()


# ---- dry run ----

def test_a_dry_run_executes_nothing(desk):
    desk.configure()
    desk.add("buyer", 'ctx.state:set("ran", true)\n' + BUY, every(0.1),
             more='on_executed = function(ctx) ctx.state:set("hooked", true) end,')
    desk.add("talker", 'return action.emit { topic = "t" }', every(0.1))
    desk.add("listener", 'return action.noop("heard")', '{ kind = "event", topic = "t" }')
    desk.start("--dry-run")
    status = desk.wait_until(lambda s: s if s["counters"]["completed"] >= 8 else None)
    assert status["dry_run"] is True
    desk.stop()
    assert desk.value("SELECT min(dry_run) FROM runs") == 1
    assert desk.value("SELECT count(*) FROM ledger WHERE kind != 'open'") == 0
    assert desk.value("SELECT count(*) FROM positions") == 0
    assert desk.value("SELECT count(*) FROM runs_v WHERE plugin = 'listener'") == 0
    assert desk.state("buyer") == {}
    bought = desk.rows("SELECT actions FROM runs_v WHERE plugin = 'buyer' AND status = 'completed'")
    assert "mint_binary" in [a["kind"] for a in json.loads(bought[0][0])], "what would have been done is recorded"


# ---- counting ----

def test_counters_add_up_at_every_moment(desk):
    desk.configure()
    for i in range(6):
        desk.add(f"p{i}", COUNT if i else 'error("always")', every(0.01))
    desk.add("buyer", BUY, every(0.05))
    desk.start()
    for _ in range(50):
        s = desk.status()
        c = s["counters"]
        assert c["received"] == sum(c[e] for e in ENDED) + c["running"] + c["queued"], c
        for p in s["plugins"]:
            assert p["counters"]["received"] >= sum(p["counters"][e] for e in ENDED)
        assert c["received"] == sum(p["counters"]["received"] for p in s["plugins"])
    desk.wait_until(lambda s: s["counters"]["received"] > 500)
    desk.stop()
    summary = [line for line in desk.log().splitlines() if line.startswith("Summary")]
    assert len(summary) == 1
    assert int(summary[0].split()[1].replace(",", "")) == desk.value("SELECT count(*) FROM runs")
    assert desk.value("SELECT count(*) FROM runs") == desk.value("SELECT sum(count) FROM run_counts")
