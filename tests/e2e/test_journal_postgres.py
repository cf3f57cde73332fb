"""The journal in PostgreSQL, and the state beside it in the same database: one transaction for both.

What must be true is what test_kill.py wants of a desk's file: the server's tables are copied into an SQLite database with
the names that they have there, and looked at with the same eyes. ORRERY_KILLS sets the number of kills.
"""
import json
import os
import sqlite3
import time

import pytest

from books import check_caps, check_journal, check_ledger
from shared import accounted, add_counters, store_of, ticks, url
from support import COUNT, ERROR, OK, every, seeded, wait_until
from test_kill import CAPS, EMITTERS, by_plugin, check_children, check_state, id_text, load, poke

KILLS = int(os.environ.get("ORRERY_KILLS", "32"))

# SQLite's name: (PostgreSQL's, its columns, "" being all)
TABLES = {
    "runs_v": ("journal_runs_v", "id, plugin, vault, status, trigger, reason, error, actions, result, logs, topic, payload,"
               " parent, depth, attempts, dry_run::int, scheduled_at, started_at, finished_at, version"),
    "run_counts_v": ("journal_run_counts_v", "plugin, status, count"),
    "pending": ("journal_pending", "id, plugin, trigger, topic, payload, parent, depth"),
    "ledger": ("journal_ledger", "*"),
    "vault_accounts": ("journal_vault_accounts", "*"),
    "positions": ("journal_positions", "vault, market_id, kind, strike, higher, is_up::int, quantity, cost"),
    "cap_ledger": ("journal_cap_ledger", "*"),
    "plugin_state": ("plugin_state", "plugin_name, key, value, expires_at"),
    "submissions": ("journal_submissions", "id, CASE state WHEN 'open' THEN 1 WHEN 'done' THEN 2 ELSE 3 END AS state,"
                    " success::int, plugin, vault, executor, account, digest, created_at, settled_at, outcome, holds,"
                    " signature, encode(bytes, 'base64') AS bytes"),
}


def rows_of(server, table, columns):
    answer = server.sql(f"SELECT coalesce(json_agg(t), '[]') FROM (SELECT {columns} FROM {table}) AS t")
    return json.loads(answer.stdout)


def mirror(server, tables=TABLES):
    """Those tables as they are now; None: there are none yet."""
    if server.sql("SELECT to_regclass('journal_runs_v'), to_regclass('plugin_state')").stdout.strip().count("_") < 3:
        return None
    db = sqlite3.connect(":memory:")
    db.row_factory = sqlite3.Row
    for name, (table, columns) in tables.items():
        rows = rows_of(server, table, columns)
        keys = list(rows[0]) if rows else json.loads(server.sql(
            f"SELECT json_agg(attname) FROM pg_attribute WHERE attrelid = '{table}'::regclass AND attnum > 0").stdout)
        db.execute(f"CREATE TABLE {name}({', '.join(keys)})")
        db.executemany(f"INSERT INTO {name} VALUES({', '.join('?' * len(keys))})", [tuple(r.values()) for r in rows])
    return db


def verify(server, acknowledged=()):
    db = mirror(server)
    if db is None:
        return {}, {}
    runs, pending = check_journal(db)
    failed = [r for r in runs.values() if r["status"] == "failed"]
    assert not failed, failed[:3]
    check_state(db, by_plugin(runs))
    check_children(runs, pending)
    check_ledger(db)
    check_caps(db, CAPS)
    assert set(acknowledged) <= {id_text(i) for i in [*runs, *pending]}, "what was acknowledged is on record"
    db.close()
    return runs, pending


def in_one_database(desk, server, more=""):
    """State and journal of a desk there."""
    text = (desk.path / "orrery.lua").read_text()
    assert 'journal = "sqlite:data/orrery.db"' in text
    desk.write("orrery.lua", text.replace('journal = "sqlite:data/orrery.db"', f'journal = "{url(server, more)}"'))


@pytest.mark.parametrize("postgres", [{"commit_delay": "5000", "commit_siblings": "0"}], indirect=True)
def test_sigkill_of_the_core_and_of_the_server(desk, postgres):
    """Commits take 5 ms, so that kills hit them. Now the core is killed, now the server, now both. Nothing is lost that was
    acknowledged, nothing is there twice, and the state is exactly what the runs on record have made it."""
    rng = seeded("journal")
    load(desk, state=f'"{url(postgres)}"')
    in_one_database(desk, postgres)
    acknowledged, count = [], {"core": 0, "server": 0, "both": 0}
    victims = max(3, KILLS // 6) * list(count)
    rng.shuffle(victims)
    for what in victims:
        if desk.process is None:
            desk.start("--log-level", "warn", "--wait-for-state", "60s")
        moment = time.monotonic() + rng.uniform(0, 0.5)
        while time.monotonic() < moment and poke(desk, rng, acknowledged):
            time.sleep(rng.uniform(0, 0.03))
        count[what] += 1
        if what != "core":
            postgres.kill()
            time.sleep(rng.uniform(0, 0.1))
        if what != "server":
            desk.kill()
        if what != "core":
            postgres.restart()
        if desk.process is None:
            verify(postgres, acknowledged)
    if desk.process is None:
        desk.start("--log-level", "warn")
    desk.wait_until(lambda s: s["counters"]["noop"] > 200 and not s["stores"][0]["stalled"], 60,
                    "the last session to be under way")
    desk.stop()
    verify(postgres, acknowledged)
    for i in range(EMITTERS):
        (desk.path / "strategies" / f"emitter{i}.lua").unlink()
    desk.start("--log-level", "warn")
    wait_until(lambda: postgres.sql("SELECT count(*) FROM journal_pending").stdout.strip() == "0", what="the end of all events")
    desk.stop()
    runs, pending = verify(postgres, acknowledged)
    assert len(by_plugin(runs)) >= 19 and not pending and min(count.values()) > 0
    print(f"kills: {count}, {len(runs)} runs, {len(acknowledged)} acknowledged")


def counters(desk, server, names=("a", "b"), more=""):
    desk.configure(state=f'"{url(server)}"', more="lease = '60s'")
    in_one_database(desk, server, more)
    add_counters(desk, names)


def reasons(server, plugin):
    out = server.sql(f"SELECT reason FROM journal_runs_v WHERE plugin = '{plugin}' AND status = 'noop' ORDER BY id").stdout
    return [int(line[2:]) for line in out.split()]


def check_numbers(server, *plugins):
    for plugin in plugins:
        ns = reasons(server, plugin)
        assert ns == list(range(1, len(ns) + 1)), plugin
        value = server.sql(f"SELECT value FROM plugin_state WHERE plugin_name = '{plugin}' AND key = 'n'").stdout.strip()
        assert int(value or 0) == len(ns), plugin


def test_one_daemon_per_journal(desks, postgres):
    first, second = desks("first"), desks("second")
    counters(first, postgres)
    counters(second, postgres)
    first.start()
    first.wait_until(lambda s: ticks(s, "a") > 5, what="ticks")
    answer = second.cli("run", "--for", "5s", "--quiet", "--json")
    assert answer.code == ERROR and answer.json["code"] == "STORE_LOCKED", answer
    assert f"pid {first.process.pid} " in answer.json["message"] and "another daemon has this journal" in answer.json["message"]
    assert answer.json["hint"], answer.json
    # Looking needs no lock.
    assert "journal" in second.cli("db", "status").out
    first.stop()
    second.start()
    second.wait_until(lambda s: ticks(s, "a") > 5, what="ticks of the second")
    second.stop()
    check_numbers(postgres, "a", "b")


def test_a_killed_daemon_comes_back_at_once(desk, postgres):
    """What its last process left on the server is its own, and is ended."""
    counters(desk, postgres)
    for _ in range(3):
        desk.start()
        desk.wait_until(lambda s: ticks(s, "a") > 3, what="ticks")
        desk.kill()
    desk.start()
    desk.wait_until(lambda s: ticks(s, "a") > 3, what="ticks")
    desk.stop()
    check_numbers(postgres, "a", "b")


@pytest.mark.parametrize("how", [("kill", "restart"), ("pause", "resume")], ids=["killed", "paused"])
def test_the_server_goes_away_and_comes_back(desk, postgres, how):
    """Nothing is dispatched meanwhile; triggers are accounted for; then everything goes on where it was."""
    counters(desk, postgres)
    desk.start("--log-level", "info")
    desk.wait_until(lambda s: ticks(s, "a") > 10, what="ticks")
    getattr(postgres, how[0])()
    status = desk.wait_until(lambda s: s if store_of(s, postgres)["stalled"] else None, what="the journal away")
    assert store_of(status, postgres)["role"] == "journal"
    time.sleep(0.3)
    at = ticks(desk.status(), "a")
    time.sleep(0.3)
    status = desk.status()
    assert ticks(status, "a") == at and accounted(status["counters"])
    getattr(postgres, how[1])()
    desk.wait_until(lambda s: ticks(s, "a") > at + 10 and not store_of(s, postgres)["stalled"], 30, "ticks again")
    desk.stop()
    assert "the journal works again" in desk.log()
    check_numbers(postgres, "a", "b")


def test_down_at_the_start_it_is_waited_for(desk, postgres):
    counters(desk, postgres)
    postgres.kill()
    answer = desk.cli("run", "--wait-for-state", "1s", "--for", "5s", "--quiet")
    assert answer.code == ERROR and "waiting for the journal" in answer.err, answer
    assert f":{postgres.port}" in answer.err and "waited" in answer.err
    desk.start("--wait-for-state", "60s", wait=False)
    wait_until(lambda: "waiting for the journal" in desk.log(), what="word that it waits")
    postgres.restart()
    desk.wait_ready()
    desk.wait_until(lambda s: ticks(s, "a") > 5, what="ticks")
    desk.stop()
    assert "the journal is there" in desk.log()
    check_numbers(postgres, "a", "b")


def test_a_daemon_whose_journal_another_one_has_taken_stops(desks, postgres):
    """The connection is cut, and before it is back another daemon has the lock: it stops, and says why."""
    first, second = desks("first"), desks("second")
    counters(first, postgres)
    counters(second, postgres)
    first.start()
    first.wait_until(lambda s: ticks(s, "a") > 5, what="ticks")
    first.signal(19)  # SIGSTOP: it does not notice that its connection is ended
    try:
        postgres.sql("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND classid = 738292019")
        second.start()
        second.wait_until(lambda s: ticks(s, "a") >= 0 and len(reasons(postgres, "a")) > 0, what="the second one")
    finally:
        first.signal(18)
    code = first.ended(timeout=30)
    assert code == ERROR, first.log()[-2000:]
    assert "another daemon" in first.log() and "stopping" in first.log()
    second.stop()


@pytest.mark.parametrize("postgres", [{"commit_delay": "60000", "commit_siblings": "0"}], indirect=True)
def test_the_end_of_a_replay_takes_as_long_as_its_store_needs(desk, postgres):
    """A hundred ticks are due at the last instant, and each has a commit of 60 ms to itself: more than a stop may take."""
    desk.write("prices.csv", "timestamp,close\n1640995200,40000\n1640995201,40001\n")
    desk.write("orrery.lua", f"""return {{
        journal = "{url(postgres)}", state = "{url(postgres)}", group_commit = 1,
        vaults = {{ v = {{ executor = "paper" }} }},
        feeds = {{ btc = {{ kind = "csv", path = "prices.csv" }} }} }}""")
    for i in range(13):
        desk.add(f"p{i}", COUNT, ", ".join([every(1)] * 8))
    desk.start("--until-feeds-end")
    assert desk.ended(60) == OK, desk.log()
    assert "not everything" not in desk.log()
    assert len(reasons(postgres, "p0")) >= 8
    check_numbers(postgres, *(f"p{i}" for i in range(13)))


def test_commands_for_a_stopped_desk(desk, postgres):
    counters(desk, postgres)
    made = desk.cli("db", "init", "--json")
    assert made.code == OK, made
    assert {one["role"]: one["done"] for one in made.data} == {"journal": "made", "state": "made"}
    again = desk.cli("db", "upgrade", "--json")
    assert {one["done"] for one in again.data} == {"ready"}, again
    desk.start()
    desk.wait_until(lambda s: ticks(s, "a") > 5, what="ticks")
    beside = desk.cli("db", "status", "--json")
    assert beside.code == OK, beside
    assert beside.data[0]["backend"] == "postgres" and beside.data[0]["schema_version"] > 0
    assert desk.cli("db", "sweep").code == OK
    desk.stop()
    listed = desk.cli("runs", "--json")
    assert listed.code == OK and len(listed.data if isinstance(listed.data, list) else listed.data["runs"]) > 5
    assert desk.cli("state", "get", "a", "n").code == OK
    assert desk.cli("state", "set", "a", "k", "5").code == OK
    check_numbers(postgres, "a", "b")


def test_somebody_elses_table_is_refused_with_the_difference(desk, postgres):
    postgres.sql("CREATE TABLE journal_runs(id int PRIMARY KEY, note text)")
    counters(desk, postgres)
    answer = desk.cli("run", "--for", "1s", "--quiet", "--json")
    assert answer.code == ERROR and answer.json["code"] == "STORE_SCHEMA", answer
    assert "column id is integer, expected bigint" in answer.json["message"]
    assert postgres.sql("SELECT count(*) FROM pg_tables WHERE tablename LIKE 'journal%'").stdout.strip() == "1"


def test_a_lease_that_is_taken_over_fences_the_whole_commit(desk, postgres):
    """Nothing of a decision is written that was made on state which another daemon owns by now; its run says so."""
    counters(desk, postgres)
    desk.start("--log-level", "warn")
    desk.wait_until(lambda s: ticks(s, "a") > 10, what="ticks")
    postgres.sql("UPDATE plugin_lease SET token = token + 1, owner = 'x', label = 'somebody else', "
                 "expires_at = 9000000000000 WHERE plugin_name = 'a'")
    desk.wait_until(lambda s: next(p for p in s["plugins"] if p["name"] == "a")["health"] == "standby", what="standing by")
    before = desk.status()
    assert accounted(before["counters"])
    desk.wait_until(lambda s: ticks(s, "b") > ticks(before, "b") + 10, what="ticks of the other")
    fenced = postgres.sql("SELECT count(*) FROM journal_runs_v WHERE plugin = 'a' AND status = 'failed' "
                          "AND error LIKE '%STORE_FENCED%'").stdout.strip()
    assert int(fenced) >= 1
    check_numbers(postgres, "a")
    postgres.sql("UPDATE plugin_lease SET expires_at = 0 WHERE plugin_name = 'a'")
    desk.wait_until(lambda s: ticks(s, "a") > ticks(before, "a") + 10, what="ticks again")
    desk.stop()
    check_numbers(postgres, "a", "b")
