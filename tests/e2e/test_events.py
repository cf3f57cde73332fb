"""Events from outside: each one exactly one run, whatever is killed; what cannot be an event, what comes twice or too
fast, and servers and tables that go away. More or less of the first: ORRERY_EVENTS=20000 (rows), with a kill for each
5,000.

What the sources themselves read, and when: tests/unit/source.
"""
import json
import os
import random
import re
import socket
import subprocess
import threading
import time

import pytest

import servers
from conftest import started
from eventful import ACCEPT, TRADES, caught_up, is_reading, payloads, source_of, trigger
from eventful import servers as named
from shared import accounted
from support import CONFIGURATION, OK, every, seeded, wait_until

ROWS = int(os.environ.get("ORRERY_EVENTS", "100000"))
KILLS = max(6, ROWS // 5000)
OUTAGES = 1 if ROWS < 50000 else 3


@pytest.fixture(scope="module")
def pg():
    one = started(servers.Postgres())
    yield one
    one.stop()


@pytest.fixture(scope="module")
def redis():
    one = started(servers.Redis())
    yield one
    one.stop()


@pytest.fixture
def trades(pg):
    """A fresh table `trades` on the module's server."""
    pg.sql("DROP TABLE IF EXISTS trades;" + TRADES)
    return pg


def table(**keys):
    return trigger(**{"kind": "postgres", "url": "indexer", "topic": "new_trade", "table": "trades", "cursor_column": "id",
                      "payload_column": "payload", "from": "start", **keys})


def stream(**keys):
    return trigger(**{"kind": "redis", "url": "bus", "topic": "trades", "from": "start", **keys})


def follow(desk, server, name, triggers, decide=ACCEPT, more="", **settings):
    desk.configure(more=named(**{name: f"{server.url}?timeout=4s"}), feed_ms=1000, **settings)
    desk.add("p", decide, triggers, more=more)
    return desk


def insert(pg, *values):
    """Rows with these payloads, and the NOTIFY that a trigger would send."""
    quoted = (json.dumps(v).replace("'", "''") for v in values)
    pg.sql("INSERT INTO trades(payload) VALUES " + ", ".join(f"('{q}')" for q in quoted) + "; NOTIFY new_trade")


def runs(desk, status):
    """(error code or reason) of the runs of that status, in order."""
    rows = desk.rows("SELECT reason, error FROM runs_v WHERE plugin = 'p' AND status = ? ORDER BY id", status)
    return [json.loads(r["error"])["code"] if r["error"] else r["reason"] for r in rows]


# ---- exactly once ----

class Writers(threading.Thread):
    """Puts `count` rows into the table, several transactions at a time that commit in any order; while the server is
    away they are tried again."""

    def __init__(self, pg, first, count, seed):
        super().__init__(daemon=True)
        self.pg, self.first, self.count, self.random = pg, first, count, random.Random(seed)
        self.written = 0
        self.paused = threading.Event()
        self.paused.set()

    def run(self):
        while self.written < self.count:
            self.paused.wait()
            size = min(max(100, ROWS // 400), self.count - self.written)
            at = self.first + self.written
            pause = self.random.random() / 100
            done = self.pg.sql(f"BEGIN; INSERT INTO trades(n) SELECT g FROM generate_series({at}, {at + size - 1}) g "
                               f"ON CONFLICT (n) DO NOTHING; SELECT pg_sleep({pause}); COMMIT; NOTIFY new_trade", check=False)
            if done.returncode == 0:
                self.written += size
            else:
                time.sleep(0.05)


def test_every_row_is_one_run_whatever_is_killed(desk):
    """The daemon is killed in the middle again and again, and so is PostgreSQL; rows come meanwhile, and commit out of
    order."""
    chance, started_at = seeded("events"), time.monotonic()
    pg = started(servers.Postgres())
    try:
        pg.sql("CREATE TABLE trades (id bigserial PRIMARY KEY, n int UNIQUE)")
        follow(desk, pg, "indexer", trigger(kind="postgres", url="indexer", topic="new_trade", table="trades",
                                            cursor_column="id", queue=512, **{"from": "start"}))
        share = ROWS // 4
        writers = [Writers(pg, i * share, share, chance.random()) for i in range(4)]
        for w in writers:
            w.start()
        outages = sorted(chance.sample(range(KILLS), OUTAGES))
        for k in range(KILLS):
            # A part of the rows for each session, so that there is something to read at every kill.
            goal = min(ROWS, (k + 1) * ROWS // KILLS)
            wait_until(lambda: sum(w.written for w in writers) >= goal - ROWS // KILLS, 120, "rows")
            desk.start()
            desk.wait_until(lambda s: source_of(s)["received"] > 0 or source_of(s)["state"] == "reading", 60, "a row")
            if k in outages:
                pg.kill()
                time.sleep(chance.random() * 0.3)
                pg.restart()
            time.sleep(chance.random() * 0.4)
            desk.kill()
        for w in writers:
            w.join(120)
        desk.start()
        desk.wait_until(caught_up, 120, "the end of the rows")
        status = desk.status()
        assert accounted(status["counters"]), status["counters"]
        desk.stop()
        assert [tuple(r) for r in desk.rows("SELECT status, count(*) FROM runs_v GROUP BY status")] == [("noop", 4 * share)]
        ns = [p["n"] for p in payloads(desk)]
        assert sorted(ns) == list(range(4 * share))
        assert desk.value("SELECT count(*) FROM pending") == 0
        cut = sum("triggers of the last session are taken up again" in p.read_text() for p in desk.path.glob("*.log"))
        assert cut > 0, "the kills came when nothing was under way"
        print(f"{cut} kills cut runs off; {ROWS} rows, {KILLS} kills, {OUTAGES} restarts of PostgreSQL: {time.monotonic() - started_at:.1f} s")
    finally:
        pg.stop()


class Resp:
    """As much of a Redis client as is needed to know what was acknowledged."""

    def __init__(self, server):
        self.socket = socket.create_connection(("127.0.0.1", server.port), timeout=10)
        self.file = self.socket.makefile("rb")

    def ask(self, *words):
        parts = [w if isinstance(w, bytes) else str(w).encode() for w in words]
        self.socket.sendall(b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(p), p) for p in parts))
        return self.read()

    def read(self):
        line = self.file.readline()
        if not line.endswith(b"\r\n"):
            raise ConnectionError("the server hung up")
        kind, rest = line[:1], line[1:-2]
        if kind == b"-":
            raise ValueError(rest.decode())
        if kind == b"$":
            return None if rest == b"-1" else self.file.read(int(rest) + 2)[:-2].decode()
        if kind == b"*":
            return [self.read() for _ in range(int(rest))]
        return rest.decode()


def test_every_entry_is_one_run_whatever_is_killed(desk):
    chance = seeded("entries")
    server = started(servers.Redis(settings={"appendfsync": "always"}))
    acknowledged, count = [], 3000
    done = threading.Event()

    def write():
        client, n = None, 0
        while n < count:
            try:
                client = client or Resp(server)
                client.ask("XADD", "trades", "*", "n", n)
                acknowledged.append(n)
                n += 1
            except (OSError, ConnectionError, ValueError):
                client, n = None, n + 1  # this one may be there, or not
                time.sleep(0.02)
        done.set()

    try:
        follow(desk, server, "bus", stream())
        writer = threading.Thread(target=write, daemon=True)
        writer.start()
        for k in range(4):
            desk.start()
            desk.wait_until(lambda s: source_of(s)["received"] > 0 or done.is_set(), 60, "an entry")
            time.sleep(chance.random() * 0.3)
            if k % 2 == 1:
                server.kill()
                time.sleep(chance.random() * 0.2)
                server.restart()
            desk.kill()
        assert done.wait(120)
        desk.start()
        desk.wait_until(caught_up, 60, "the end of the entries")
        assert source_of(desk.status())["lost"] == 0
        desk.stop()
        there = [entry[1][1] for entry in Resp(server).ask("XRANGE", "trades", "-", "+")]
        assert [p["n"] for p in payloads(desk)] == there
        assert {str(n) for n in acknowledged} <= set(there)
    finally:
        server.stop()


# ---- what the sources say ----

def test_reading_begins_now_unless_told_otherwise(desk, trades):
    insert(trades, {"n": 1})
    follow(desk, trades, "indexer", table(**{"from": "now"}))
    desk.start()
    desk.wait_until(is_reading)
    wait_until(lambda: desk.status()["sources"][0]["cursor"] == "=1", what="the first cursor")
    desk.kill()
    insert(trades, {"n": 2})  # while nobody reads: behind the cursor, not before a new beginning
    desk.start()
    desk.wait_until(caught_up)
    desk.wait_until(lambda s: s["counters"]["noop"] == 1)
    desk.stop()
    assert payloads(desk) == [{"n": 2}]


def test_a_notify_wakes_the_reading_up(desk, trades):
    follow(desk, trades, "indexer", table(poll="1h"))
    desk.start()
    desk.wait_until(is_reading)
    insert(trades, {"big": 2**63 - 1})
    desk.wait_until(lambda s: s["counters"]["noop"] == 1, 10, "the row")
    desk.stop()
    assert payloads(desk) == [{"big": 2**63 - 1}]


def test_the_whole_row_without_a_payload_column(desk, pg):
    pg.sql('DROP TABLE IF EXISTS "Odd Table"; CREATE TABLE "Odd Table" (at uuid PRIMARY KEY, big bigint, "a b" text, x real)')
    pg.sql("INSERT INTO \"Odd Table\" VALUES ('00000000-0000-0000-0000-000000000002', 9223372036854775807, 'z', 1.5), "
           "('00000000-0000-0000-0000-000000000001', NULL, '\"', 0.1)")
    follow(desk, pg, "indexer", trigger(kind="postgres", url="indexer", table="public.Odd Table", cursor_column="at",
                                        **{"from": "start"}))
    desk.start()
    desk.wait_until(lambda s: s["counters"]["noop"] == 2)
    desk.stop()
    assert payloads(desk) == [
        {"at": "00000000-0000-0000-0000-000000000001", "big": None, "a b": '"', "x": 0.1},
        {"at": "00000000-0000-0000-0000-000000000002", "big": 2**63 - 1, "a b": "z", "x": 1.5}]


def test_notify_alone(desk, pg):
    """What cannot be JSON is text; what looks like JSON and is none is accounted; a broken connection is a gap."""
    follow(desk, pg, "indexer", trigger(kind="postgres", url="indexer", topic="ticks", id_field="id"))
    desk.start()
    desk.wait_until(is_reading)
    for payload in ('{"id": "a", "n": 1}', "plain text", '{"id": "a", "n": 2}', "{broken", ""):
        pg.sql(f"SELECT pg_notify('ticks', '{payload}')")
    desk.wait_until(lambda s: s["counters"]["received"] == 4)
    seen = source_of(desk.status())
    assert (seen["received"], seen["duplicates"], seen["refused"], seen["durable"]) == (5, 1, 1, False)
    pg.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'orrery events'")
    desk.wait_until(lambda s: source_of(s)["gaps"] == 1 and is_reading(s))
    pg.sql("SELECT pg_notify('ticks', '7')")
    desk.wait_until(lambda s: s["counters"]["received"] == 5)
    assert "1 gap" in desk.cli("status").out
    desk.stop()
    assert payloads(desk) == [{"id": "a", "n": 1}, "plain text", None, 7]
    assert runs(desk, "failed") == ["PAYLOAD_JSON"]


def test_pubsub(desk, redis):
    follow(desk, redis, "bus", trigger(kind="redis", mode="pubsub", url="bus", topic="ticks"))
    desk.start()
    desk.wait_until(is_reading)
    for text in ('{"n": 1}', "words", "[1,"):
        assert redis.cli("PUBLISH", "ticks", text) == "1"
    desk.wait_until(lambda s: s["counters"]["received"] == 3)
    redis.cli("CLIENT", "KILL", "TYPE", "pubsub")
    desk.wait_until(lambda s: source_of(s)["gaps"] == 1 and is_reading(s))
    desk.stop()
    assert payloads(desk) == [{"n": 1}, "words"] and runs(desk, "failed") == ["PAYLOAD_JSON"]


def test_a_stream_that_is_trimmed_says_what_was_lost(desk, redis):
    redis.cli("DEL", "trades")
    follow(desk, redis, "bus", stream())
    for n in range(3):
        redis.cli("XADD", "trades", "*", "n", n)
    desk.start()
    desk.wait_until(caught_up)
    desk.stop()
    for n in range(3, 10):
        redis.cli("XADD", "trades", "*", "payload", json.dumps({"n": n}))
    redis.cli("XTRIM", "trades", "MAXLEN", "2")
    desk.start()
    desk.wait_until(lambda s: caught_up(s) and s["counters"]["noop"] == 2)
    assert source_of(desk.status())["lost"] == 5
    assert "events were gone before they could be read" in desk.log()
    desk.stop()
    assert payloads(desk) == [{"n": "0"}, {"n": "1"}, {"n": "2"}, {"n": 8}, {"n": 9}]


# ---- what cannot be an event, and what comes twice ----

def test_malformed_and_oversized_payloads_reach_no_script(desk, pg):
    pg.sql("DROP TABLE IF EXISTS trades; CREATE TABLE trades (id bigserial PRIMARY KEY, payload text)")
    deep = "[" * 40 + "]" * 40
    values = ['{"n": 1}', "{", "nonsense", '{"a": 1, "a": 2}', "1e999", deep, json.dumps("x" * 65535), '"' + "x" * 65000 + '"']
    for v in values:
        pg.sql(f"INSERT INTO trades(payload) VALUES ('{v}')")
    pg.sql("INSERT INTO trades(payload) VALUES (NULL)")
    follow(desk, pg, "indexer", table())
    desk.start()
    desk.wait_until(lambda s: caught_up(s) and s["counters"]["received"] == 9)
    status = desk.status()
    assert source_of(status)["refused"] == 6 and accounted(status["counters"])
    desk.stop()
    assert runs(desk, "failed") == ["PAYLOAD_JSON"] * 5 + ["PAYLOAD_SIZE"]
    assert payloads(desk) == [{"n": 1}, "x" * 65000, None]
    shown = desk.rows("SELECT error FROM runs_v WHERE status = 'failed' ORDER BY id")
    assert "expected a payload of at most 65536 bytes, got 65537" in shown[5]["error"]
    assert "nonsense" in shown[1]["error"]


def test_an_event_that_comes_twice_is_one_run(desk, pg):
    """By its id: in one batch, in the next one, and after a restart."""
    pg.sql("DROP TABLE IF EXISTS trades; CREATE TABLE trades (id bigserial PRIMARY KEY, event text, payload jsonb)")

    def put(*events):
        rows = ", ".join("('{}', '{}')".format(e.replace("'", "''"), json.dumps({"e": e[:20]}).replace("'", "''")) for e in events)
        pg.sql(f"INSERT INTO trades(event, payload) VALUES {rows}; NOTIFY new_trade")

    long, odd = "l" * 500, "'; DROP TABLE trades; --"
    put("a", "b", "a", long, odd, "l" * 501)
    follow(desk, pg, "indexer", table(id_column="event"))
    desk.start()
    desk.wait_until(lambda s: source_of(s)["received"] == 6 and caught_up(s))
    put("b", "c", long)
    desk.wait_until(lambda s: source_of(s)["received"] == 9 and caught_up(s))
    assert source_of(desk.status())["duplicates"] == 3
    desk.kill()
    put("a", "d", odd)
    desk.start()
    desk.wait_until(lambda s: source_of(s)["received"] == 3 and caught_up(s))
    assert source_of(desk.status())["duplicates"] == 2
    desk.stop()
    assert [p["e"] for p in payloads(desk)] == ["a", "b", long[:20], odd[:20], long[:20], "c", "d"]


# ---- too many ----

SLOW = "local n = 0; for i = 1, 200000 do n = n + i end; return action.noop('seen')"


def test_a_flood_waits_at_the_source(desk, trades):
    trades.sql("INSERT INTO trades(payload) SELECT to_jsonb(g) FROM generate_series(1, 600) g")
    follow(desk, trades, "indexer", table(queue=20), decide=SLOW)
    desk.start()
    most = 0

    def done(status):
        nonlocal most
        most = max(most, source_of(status)["open"])
        return caught_up(status)
    desk.wait_until(done, 60)
    assert 0 < most <= 20
    desk.stop()
    assert payloads(desk) == list(range(1, 601))


def test_a_flood_drops_the_oldest_when_told_to(desk, trades):
    """Every event is accounted: seen, dropped as a run of its own, or in the number that a run says."""
    trades.sql("INSERT INTO trades(payload) SELECT to_jsonb(g) FROM generate_series(1, 3000) g")
    follow(desk, trades, "indexer", table(queue=20, overflow="oldest"), decide=SLOW)
    desk.start()
    desk.wait_until(caught_up, 60)
    status = desk.status()
    seen = source_of(status)
    assert seen["received"] == 3000 and seen["dropped"] > 0 and accounted(status["counters"])
    desk.stop()
    got = payloads(desk)
    assert got[-1] == 3000 and got == sorted(got)
    skipped = runs(desk, "skipped")
    in_bulk = sum(int(m.group(1)) for m in (re.match(r"(\d+) events were dropped unread", r) for r in skipped) if m)
    single = sum(r.startswith("dropped for newer events") for r in skipped)
    assert len(got) + single + in_bulk == 3000 and single + in_bulk == seen["dropped"]
    assert in_bulk + single > 2000


def test_other_triggers_go_on_beside_a_flood(desk, trades):
    trades.sql("INSERT INTO trades(payload) SELECT to_jsonb(g) FROM generate_series(1, 2000) g")
    follow(desk, trades, "indexer", table(queue=1000) + ", " + every(0.05), decide=SLOW, more="queue = 10,")
    desk.start()
    desk.wait_until(caught_up, 60)
    desk.stop()
    assert desk.value("SELECT count(*) FROM runs_v WHERE \"trigger\" = 'event' AND status = 'noop'") == 2000
    assert desk.value("SELECT count(*) FROM runs_v WHERE \"trigger\" = 'cron' AND status = 'noop'") > 0


def test_a_strategy_that_always_fails_does_not_use_its_events_up(desk, trades):
    trades.sql("INSERT INTO trades(payload) SELECT to_jsonb(g) FROM generate_series(1, 1000) g")
    follow(desk, trades, "indexer", table(queue=10), decide='error("broken")')
    desk.start()
    desk.wait_until(lambda s: s["counters"]["failed"] >= 11, 30)
    failed = desk.status()["counters"]["failed"]
    assert failed < 150
    desk.add("p", ACCEPT, table(queue=10))  # mended
    assert desk.cli("reload").code == OK
    desk.wait_until(caught_up, 60)
    desk.stop()
    assert len(payloads(desk)) + len(runs(desk, "failed")) == 1000
    assert desk.value("SELECT count(*) FROM dead_letters") == len(runs(desk, "failed"))


# ---- trouble ----

def test_the_table_is_dropped_and_comes_back(desk, trades):
    follow(desk, trades, "indexer", table(poll="20ms") + ", " + every(0.1))
    insert(trades, {"n": 1})
    desk.start()
    desk.wait_until(caught_up)
    trades.sql("ALTER TABLE trades RENAME TO elsewhere")
    desk.wait_until(lambda s: source_of(s)["state"] == "away" and "there is no such table" in source_of(s)["last_error"])
    assert source_of(desk.status())["last_error_code"] == "STORE_SCHEMA"
    before = desk.status()["counters"]["noop"]
    desk.wait_until(lambda s: s["counters"]["noop"] > before + 2, what="its other trigger")
    assert 'relation "trades" does not exist' in desk.log() and "away" in desk.cli("status").out
    trades.sql("ALTER TABLE elsewhere RENAME TO trades; ALTER TABLE trades RENAME payload TO content")
    desk.wait_until(lambda s: 'no column "payload"' in (source_of(s)["last_error"] or ""))
    trades.sql("ALTER TABLE trades RENAME content TO payload")
    insert(trades, {"n": 2})
    desk.wait_until(caught_up)
    assert "events are read again" in desk.log()
    desk.stop()
    assert [p for p in payloads(desk) if p] == [{"n": 1}, {"n": 2}]


@pytest.mark.parametrize("change, said", [
    ("CREATE TABLE trades (id bigint, payload jsonb)", "is not unique and not null"),
    ("CREATE TABLE trades (id bigint UNIQUE, payload jsonb)", "is not unique and not null"),
    ("CREATE TABLE trades (id timestamptz DEFAULT now() PRIMARY KEY, payload jsonb)", "the time at which a transaction began"),
    ("CREATE TABLE trades (id uuid DEFAULT gen_random_uuid() PRIMARY KEY, payload jsonb)", "is random"),
    ("CREATE TABLE trades (id jsonb PRIMARY KEY, payload jsonb)", "is of type jsonb"),
    ("CREATE TABLE trades (id bigint GENERATED ALWAYS AS IDENTITY (CACHE 20) PRIMARY KEY, payload jsonb)", "CACHE 20"),
    ("CREATE VIEW trades AS SELECT 1::bigint AS id, 'x' AS payload", "it is a view"),
    ("CREATE TABLE trades (nr bigserial PRIMARY KEY, payload jsonb)", 'no column "id"'),
])
def test_a_table_that_cannot_be_read_in_order_is_refused(desk, pg, change, said):
    pg.sql("DROP TABLE IF EXISTS trades")
    pg.sql(change)
    try:
        follow(desk, pg, "indexer", table())
        desk.start()
        desk.wait_until(lambda s: source_of(s)["state"] == "away")
        assert said in source_of(desk.status())["last_error"]
        desk.stop()
    finally:
        pg.sql("DROP VIEW IF EXISTS trades", check=False)


def test_an_open_transaction_that_wrote_is_named(desk, trades):
    """What it wrote comes before what others wrote later, so these wait for it."""
    follow(desk, trades, "indexer", table(poll="20ms"))
    desk.start()
    desk.wait_until(is_reading)
    psql = subprocess.Popen([trades.program("psql"), "-X", "-q", "-h", trades.folder, "-p", str(trades.port), "-U", "orrery",
                             "-d", "postgres"], stdin=subprocess.PIPE, text=True)
    try:
        psql.stdin.write("BEGIN; INSERT INTO trades(payload) VALUES ('1');\n")
        psql.stdin.flush()
        wait_until(lambda: trades.sql("SELECT count(*) FROM pg_locks WHERE mode = 'RowExclusiveLock' AND relation = "
                                      "'trades'::regclass").stdout.strip() == "1")
        insert(trades, 2)
        desk.wait_until(lambda s: "is still open" in (source_of(s)["note"] or ""), 20)
        desk.wait_until(lambda s: source_of(s)["lag"] == 1, 10, "the row that waits")
        assert desk.status()["counters"]["received"] == 0
        psql.stdin.write("COMMIT;\n")
        psql.stdin.flush()
        desk.wait_until(lambda s: s["counters"]["noop"] == 2)
    finally:
        psql.stdin.close()
        psql.wait(10)
    desk.stop()
    assert payloads(desk) == [1, 2]


def test_a_wrong_password_is_said_and_never_shown(desk):
    secret = "s3cret-of-the-indexer"
    pg = started(servers.Postgres(password="another"))
    try:
        pg.sql(TRADES)
        url = pg.url.replace("another", secret)
        desk.configure(more=named(indexer=url))
        desk.add("p", ACCEPT, table())
        desk.start()
        desk.wait_until(lambda s: source_of(s)["last_error_code"] == "STORE_DENIED")
        told = json.dumps(desk.status()) + desk.cli("status").out + desk.log() + desk.cli("check").out
        assert secret not in told
        desk.configure(more=named(indexer=pg.url))  # the right one, by a reload
        assert desk.cli("reload").code == OK
        desk.wait_until(is_reading)
        insert(pg, {"n": 1})
        desk.wait_until(lambda s: s["counters"]["noop"] == 1)
        desk.stop()
    finally:
        pg.stop()


def test_the_server_is_away_at_the_start(desk, trades):
    port = servers.free_port()
    desk.configure(more=f'sources = {{ indexer = "postgres://orrery@127.0.0.1:{port}/postgres" }},')
    desk.add("p", ACCEPT, table() + ', { kind = "manual" }')
    desk.start()
    desk.wait_until(lambda s: source_of(s)["last_error_code"] == "STORE_DOWN")
    assert desk.fire("p")["status"] == "noop"  # the strategy lives
    desk.stop()


# ---- declarations ----

@pytest.mark.parametrize("keys, said", [
    ({"topic": "x", "url": "nowhere"}, "'nowhere' is not one of the desk's sources"),
    ({"topic": "x", "url": "postgres://evil.example.com/db"}, "this URL is not one of the desk's sources"),
    ({"kind": "kafka"}, 'expected "postgres" or "redis", got string "kafka"'),
    ({"kind": "redis", "topic": "x"}, "expected a redis:// URL for a source of kind \"redis\""),
    ({"table": 'tra"des', "cursor_column": "id"}, "expected the name of a table"),
    ({"table": "trades"}, "source.cursor_column: is missing"),
    ({"table": "trades", "cursor_column": "id", "queue": 0}, "source.queue: expected an integer from 1 to 65536"),
    ({"table": "trades", "cursor_column": "id", "mode": "stream"}, "a postgres table source has no such key"),
    ({"topic": "x", "overflow": "wait"}, 'expected "oldest": a postgres notify source cannot wait'),
    ({"topic": "x", "tabel": "y"}, "unknown key 'triggers.1.source.tabel'"),
    ({}, "source.topic: is missing"),
])
def test_wrong_declarations_are_told_without_connecting(desk, keys, said):
    desk.configure(more='sources = { indexer = "postgres://nobody@127.0.0.1:1/none" },')
    desk.add("p", ACCEPT, trigger(**{"kind": "postgres", "url": "indexer", **keys}))
    checked = desk.cli("check")
    assert checked.code == CONFIGURATION and said in checked.out + checked.err


def test_a_reload_changes_adds_and_removes_sources(desk, trades):
    follow(desk, trades, "indexer", table(queue=5))
    insert(trades, {"n": 1})
    desk.start()
    desk.wait_until(caught_up)
    desk.add("p", ACCEPT, table(queue=7, poll="20ms"))  # the same cursor goes on
    desk.add("q", ACCEPT, table(poll="20ms"))           # one of its own
    assert desk.cli("reload").code == OK
    desk.wait_until(lambda s: source_of(s, "p")["queue"] == 7 and caught_up(s, "p") and caught_up(s, "q"))
    insert(trades, {"n": 2})
    desk.wait_until(lambda s: s["counters"]["noop"] == 4)
    (desk.path / "strategies" / "q.lua").unlink()
    desk.add("p", ACCEPT, '{ kind = "manual" }')
    assert desk.cli("reload").code == OK
    desk.wait_until(lambda s: s["sources"] == [])
    wait_until(lambda: trades.sql("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'orrery events'")
               .stdout.strip() == "0", what="the end of the connections")
    insert(trades, {"n": 3})
    desk.add("p", ACCEPT, table())
    assert desk.cli("reload").code == OK
    desk.wait_until(lambda s: s["counters"]["noop"] == 5)
    desk.stop()
    assert payloads(desk, "p") == [{"n": 1}, {"n": 2}, {"n": 3}] and payloads(desk, "q") == [{"n": 1}, {"n": 2}]


def test_another_cursor_name_begins_anew(desk, trades):
    follow(desk, trades, "indexer", table())
    insert(trades, {"n": 1})
    desk.start()
    desk.wait_until(caught_up)
    desk.add("p", ACCEPT, table(cursor="again"))
    assert desk.cli("reload").code == OK
    desk.wait_until(lambda s: s["counters"]["noop"] == 2)
    desk.stop()
    assert payloads(desk) == [{"n": 1}, {"n": 1}]


def test_a_dry_run_leaves_the_events_where_they_are(desk, trades):
    follow(desk, trades, "indexer", table())
    insert(trades, {"n": 1}, {"n": 2})
    desk.start("--dry-run")
    desk.wait_until(lambda s: s["counters"]["noop"] == 2)
    desk.stop()
    desk.start()
    desk.wait_until(lambda s: caught_up(s) and s["counters"]["noop"] == 2)
    desk.stop()
    assert desk.value("SELECT count(*) FROM runs_v WHERE dry_run") == 2
    assert payloads(desk) == [{"n": 1}, {"n": 2}] * 2


def test_events_of_a_deactivated_strategy_wait_at_the_source(desk, trades):
    follow(desk, trades, "indexer", table())
    desk.add("q", ACCEPT, trigger(kind="postgres", url="indexer", topic="new_trade"))
    desk.start()
    desk.wait_until(lambda s: is_reading(s, "p") and is_reading(s, "q"))
    for plugin, said in ("p", "its events wait at the source"), ("q", "what is sent meanwhile is lost"):
        assert desk.cli("versions", "deactivate", plugin).code == OK
        desk.wait_until(lambda s: source_of(s, plugin)["state"] == "stopped")
        assert source_of(desk.status(), plugin)["note"] == "the strategy is deactivated: " + said
    insert(trades, {"n": 1})
    assert desk.status()["counters"]["received"] == 0
    assert desk.cli("deploy", "p", "--note", "again").code == OK
    desk.wait_until(lambda s: caught_up(s) and s["counters"]["noop"] == 1)
    desk.stop()
    assert payloads(desk) == [{"n": 1}]


def test_a_table_that_may_not_be_read_says_what_is_needed(desk, trades):
    trades.sql("DROP ROLE IF EXISTS reader; CREATE ROLE reader LOGIN")
    desk.configure(more=named(indexer=trades.url.replace("orrery@", "reader@")), feed_ms=1000)
    desk.add("p", ACCEPT, table(poll="20ms"))
    insert(trades, {"n": 1})
    desk.start()
    desk.wait_until(lambda s: source_of(s)["last_error_code"] == "STORE_DENIED")
    wait_until(lambda: 'GRANT SELECT ON "trades"' in desk.log(), what="what the user needs")
    trades.sql("GRANT SELECT (id, payload) ON trades TO reader")
    desk.wait_until(caught_up)
    desk.stop()
    trades.sql("DROP OWNED BY reader; DROP ROLE reader")
    assert payloads(desk) == [{"n": 1}]


def test_an_idle_source_ends_at_once(desk, trades, redis):
    desk.configure(more=named(indexer=trades.url, bus=redis.url))
    desk.add("p", ACCEPT, table())
    desk.add("q", ACCEPT, stream())
    desk.start()
    desk.wait_until(lambda s: is_reading(s, "p") and is_reading(s, "q"))
    before = time.monotonic()
    desk.stop()
    assert time.monotonic() - before < 2
