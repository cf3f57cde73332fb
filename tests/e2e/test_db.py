"""`orrery db`: stores made, looked at, seeded, emptied, copied; beside daemons, and interrupted."""
import json
import os
import pty
import select
import signal
import sqlite3
import subprocess
import time

import pytest

from conftest import started
from shared import add_counters, on_server, stored, ticks
from support import BINARY, CONFIGURATION, ERROR, NOT_FOUND, OK, PATIENCE, wait_until

import servers

SEEDED, EXPIRED = 33, 2  # rows of `db seed`: live, and over already
PLUGINS = ["example-numbers", "example-tables", "example-texts", "example-timers"]


def put(path, rows):
    """Rows (plugin, key, value, expires_at) into a file, from outside."""
    with sqlite3.connect(path) as db:
        db.executemany("INSERT OR REPLACE INTO plugin_state VALUES(?, ?, ?, ?)", rows)
    db.close()


def dump(path):
    """All rows of a file, as they lie there."""
    db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        return db.execute("SELECT plugin_name, key, value, expires_at FROM plugin_state ORDER BY 1, 2").fetchall()
    finally:
        db.close()


def live(rows):
    now = time.time() * 1000
    return [r for r in rows if r[3] is None or r[3] > now]


@pytest.fixture
def made(desk):
    """A stopped desk with its databases, and a second file."""
    desk.configure()
    desk.add("counter", "return action.noop('x')")
    assert desk.cli("db", "init").code == OK
    assert desk.cli("db", "init", "sqlite:data/b.db").code == OK
    return desk


def db_path(desk, name="orrery.db"):
    return desk.path / "data" / name


# ---- init, upgrade, status ----

def test_init_says_what_it_did(desk):
    desk.configure()
    answer = desk.cli("db", "upgrade")
    assert answer.code == NOT_FOUND and "orrery db init" in answer.err, answer
    answer = desk.cli("db", "init", "--json")
    assert [(d["role"], d["done"], d["version_before"]) for d in answer.data] == [("journal", "made", 0), ("state", "made", 0)]
    for action in "init", "upgrade":
        answer = desk.cli("db", action)
        assert answer.code == OK and answer.out.count("was ready (schema version") == 2, answer
    assert desk.cli("db", "init", "sqlite:data/other.db", "--json").data[1]["done"] == "made"
    answer = desk.cli("db", "init", "sqlite:")
    assert answer.code == CONFIGURATION, answer


def test_a_table_that_is_not_ours_is_refused(made):
    with sqlite3.connect(db_path(made, "b.db")) as db:
        db.execute("UPDATE schema_migrations SET version = 99 WHERE component = 'state'")
    db.close()
    for action in "init", "upgrade", "status", "sweep", "seed":
        answer = made.cli("db", action, "sqlite:data/b.db")
        assert answer.code == ERROR and "99" in answer.err + answer.out, (action, answer)


def test_status(made):
    assert made.cli("db", "seed").code == OK
    for _ in range(2):
        answer = made.cli("db", "status", "--json")
        journal, state = answer.data
        assert answer.code == OK and journal["role"] == "journal" and journal["bytes"] > 0 and journal["latency_us"] >= 0
        assert (state["plugins"], state["live"], state["expired"]) == (4, SEEDED, EXPIRED)
        assert state["schema_version"] == 1 and state["backend"] == "sqlite" and state["server"].startswith("SQLite 3.")
        assert state["leases"] == [] and state["warnings"] == [] and state["status"] == "ok"
        if made.process is None:
            made.start()  # once more beside a daemon
    made.stop()
    text = made.cli("db", "status").out
    assert "sqlite:data/orrery.db  state" in text and "  33  " in text and "  ok" in text


def test_status_shows_the_others_when_one_is_away(made):
    made.configure(state='function(name) if name == "counter" then return "sqlite:data/orrery.db" end '
                         'return "postgres://joe:s3cret@127.0.0.1:1/x?connect_timeout=1s" end')
    made.add("remote", "return action.noop('x')")
    answer = made.cli("db", "status")
    assert answer.code == ERROR and "  ok" in answer.out and "cannot be reached" in answer.out, answer
    assert "s3cret" not in answer.out + answer.err
    answer = made.cli("db", "status", "--json")
    assert answer.code == ERROR and "s3cret" not in answer.out + answer.err
    document = answer.json
    assert not document["ok"] and document["code"] == "STORE_DOWN"
    assert sorted(d["status"] for d in document["data"]) == ["error", "ok", "ok"]
    assert made.cli("check").code == OK and "s3cret" not in made.cli("check").out + made.cli("check", "--json").out
    assert "joe:***@" in made.cli("check").out


def test_status_of_state_in_memory(desk):
    desk.configure(journal="memory:", state='"memory:"')
    assert desk.cli("db", "init").out.count("nothing to do") == 2
    answer = desk.cli("db", "status")
    assert answer.code == OK and "while the daemon runs" in answer.out


# ---- seed ----

def test_seed(made):
    answer = made.cli("db", "seed", "--json")
    assert sorted(d["plugin"] for d in answer.data) == PLUGINS and sum(d["rows"] for d in answer.data) == SEEDED + EXPIRED
    rows = dump(db_path(made))
    values = {(p, k): v for p, k, v, _ in rows}
    assert values["example-numbers", "integer-max"] == "9223372036854775807"
    assert values["example-numbers", "sum"] == "0.30000000000000004"
    assert json.loads(values["example-texts", "escapes"]) == '"quoted" \\ \n \t \0'
    assert values["example-texts", "🔑"] and values["example-texts", "two\nlines"]
    assert len(live(rows)) == SEEDED and len(rows) == SEEDED + EXPIRED
    answer = made.cli("db", "seed")
    assert answer.code == ERROR and "10 rows there already" in answer.err and "--force" in answer.err
    assert dump(db_path(made)) == rows
    put(db_path(made), [("example-numbers", "mine", "1", None), ("example-numbers", "zero", "7", None)])
    assert made.cli("db", "seed", "--force").code == OK
    after = {(p, k): v for p, k, v, _ in dump(db_path(made))}
    assert after.pop(("example-numbers", "mine")) == "1" and after == values
    assert made.cli("db", "seed", "sqlite:data/b.db").code == OK and len(dump(db_path(made, "b.db"))) == SEEDED + EXPIRED
    answer = made.cli("db", "seed", "memory:")
    assert answer.code == ERROR and "in memory" in answer.err
    answer = made.cli("db", "sweep")
    assert "2 expired rows removed" in answer.out and len(dump(db_path(made))) == SEEDED + 1


# ---- truncate ----

def at_terminal(desk, answer, *words):
    """The command at a terminal, where `answer` is typed once something is asked. (code, screen)"""
    pid, fd = pty.fork()
    if pid == 0:
        os.execv(BINARY, [BINARY, "-C", str(desk.path), *words])
    screen, typed, deadline = b"", False, time.monotonic() + 30 * PATIENCE
    while time.monotonic() < deadline:
        if not select.select([fd], [], [], 0.1)[0]:
            continue
        try:
            data = os.read(fd, 4096)
        except OSError:
            break
        if not data:
            break
        screen += data
        if b"Type yes" in screen and not typed:
            os.write(fd, answer.encode() + b"\n")
            typed = True
    os.close(fd)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), screen.decode()


def test_truncate_asks(made):
    made.cli("db", "seed")
    rows = dump(db_path(made))
    answer = made.cli("db", "truncate")
    assert answer.code == ERROR and "35 rows of 4 plugins" in answer.err and "--force" in answer.err, answer
    assert made.cli("db", "truncate", stdin="yes\n").code == ERROR  # a pipe is no person
    for no in "", "no", "y", "YES", "sqlite:data/b.db":
        code, screen = at_terminal(made, no, "db", "truncate")
        assert code == ERROR and "nothing was done" in screen, (no, screen)
    assert dump(db_path(made)) == rows
    code, screen = at_terminal(made, "yes", "db", "truncate")
    assert code == OK and "sqlite:data/orrery.db: 35 rows of 4 plugins" in screen, screen
    assert "35 rows of 4 plugins removed" in screen and dump(db_path(made)) == []
    made.cli("db", "seed")
    code, screen = at_terminal(made, "sqlite:data/orrery.db", "db", "truncate")
    assert code == OK and dump(db_path(made)) == []
    answer = made.cli("db", "truncate")  # nothing there: nothing to ask
    assert answer.code == OK and "0 rows of 0 plugins" in answer.out


def test_truncate_leaves_everything_else(desk):
    desk.configure()
    add_counters(desk, ["one"])
    desk.start()
    desk.wait_until(lambda s: ticks(s, "one") > 5, what="ticks")
    desk.stop()
    runs = desk.value("SELECT count(*) FROM runs_v")
    migrations = [tuple(r) for r in desk.rows("SELECT * FROM schema_migrations ORDER BY 1, 2")]
    answer = desk.cli("db", "truncate", "--force", "--json")
    assert answer.data == [{"role": "state", "url": "sqlite:data/orrery.db", "done": "truncated", "rows": 1, "plugins": 1}]
    assert desk.value("SELECT count(*) FROM runs_v") == runs > 0
    assert [tuple(r) for r in desk.rows("SELECT * FROM schema_migrations ORDER BY 1, 2")] == migrations


def test_what_writes_wants_the_desk_for_itself(made):
    made.cli("db", "seed")
    made.start()
    for words in (["init"], ["upgrade"], ["seed"], ["truncate"], ["copy", "sqlite:data/orrery.db", "sqlite:data/b.db"]):
        answer = made.cli("db", *words)
        assert answer.code == ERROR and "this desk is in use" in answer.err, (words, answer)
    assert made.cli("db", "sweep").code == OK and made.cli("db", "status").code == OK
    assert made.cli("db", "copy", "sqlite:data/orrery.db", "sqlite:data/b.db", "--dry-run").code == OK
    answer = made.cli("db", "truncate", "--force")
    assert answer.code == OK and "a daemon runs this desk" in answer.err
    assert dump(db_path(made)) == []
    made.stop()


# ---- copy ----

def copy(desk, source, target, *more, code=OK):
    answer = desk.cli("db", "copy", source, target, "--json", *more)
    assert answer.code == code, answer
    return answer.data if code == OK else answer.json


A, B = "sqlite:data/orrery.db", "sqlite:data/b.db"


def test_copy_and_conflicts(made):
    made.cli("db", "seed")
    a, b = db_path(made), db_path(made, "b.db")
    plan = copy(made, A, B, "--dry-run")
    assert (plan["missing"], plan["expired"], plan["written"], plan["dry_run"]) == (SEEDED, EXPIRED, 0, True)
    assert dump(b) == []
    done = copy(made, A, B)
    assert (done["written"], done["rows"], done["plugins"]) == (SEEDED, SEEDED, 4)
    assert dump(b) == live(dump(a))
    again = copy(made, A, B)
    assert (again["written"], again["equal"]) == (0, SEEDED)
    put(b, [("example-numbers", "zero", "1", None), ("example-numbers", "more", "1", None),
            ("example-timers", "always", '"no deadline"', 9999999999999), ("other", "x", "1", None)])
    before = dump(b)
    for dry in [], ["--dry-run"]:
        refused = copy(made, A, B, *dry, code=ERROR)
        assert (refused["data"]["differing"], refused["data"]["extra"], refused["data"]["written"]) == (2, 1, 0)
        assert {c["key"] for c in refused["data"]["conflicts"]} == {"zero", "more", "always"}
        assert dump(b) == before
    answer = made.cli("db", "copy", A, B)
    assert "example-numbers  more: only TO has it" in answer.err and "--overwrite" in answer.err
    assert copy(made, A, B, "--dry-run", "--overwrite")["written"] == 0 and dump(b) == before
    done = copy(made, A, B, "--overwrite")
    assert (done["written"], done["removed"]) == (2, 1)
    assert [r for r in dump(b) if r[0] != "other"] == live(dump(a)) and ("other", "x", "1", None) in dump(b)


def test_copies_that_make_no_sense(made):
    (made.path / "data" / "link.db").symlink_to("orrery.db")
    os.link(db_path(made), made.path / "data" / "hard.db")
    for other in (A, "sqlite:./data/../data/orrery.db", f"sqlite:{db_path(made)}", "sqlite:data/link.db", "sqlite:data/hard.db"):
        answer = made.cli("db", "copy", A, other)
        assert answer.code == ERROR and "the same store" in answer.err, (other, answer)
    for words in ("memory:", A), (A, "memory:"):
        answer = made.cli("db", "copy", *words)
        assert answer.code == ERROR and "ends with it" in answer.err, answer
    answer = made.cli("db", "copy", A, "sqlite:data/none.db")
    assert answer.code == NOT_FOUND and "TO" in answer.err and "orrery db init" in answer.err, answer
    assert not (made.path / "data" / "none.db").exists()
    answer = made.cli("db", "copy", "sqlite:data/none.db", A)
    assert answer.code == NOT_FOUND and "FROM" in answer.err, answer
    assert "expected `orrery db copy FROM TO`" in made.cli("db", "copy", A).err
    assert "--overwrite does not belong to `orrery db seed`" in made.cli("db", "seed", "--overwrite").err
    assert made.cli("db", "copy", A, "mongo://x").code == CONFIGURATION


def many(count, plugin="many"):
    now = int(time.time() * 1000)
    return [(plugin, f"key {i} ключ", json.dumps({"n": i}, separators=(",", ":")), now + 10**9 + i if i % 2 else None)
            for i in range(count)]


def until_done(desk, source, target, total):
    """Copies, each time killed a little later, until one copy comes to its end. How many were cut in the middle."""
    cut, delay = 0, 0.01
    while True:
        process = subprocess.Popen([BINARY, "-C", str(desk.path), "db", "copy", source, target],
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        try:
            out, _ = process.communicate(timeout=delay)
            assert process.returncode == OK, out.decode()
            return cut
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.communicate()
        found = desk.cli("db", "status", target, "--json").data[-1]["live"]
        cut += 0 < found < total
        delay += 0.02 * PATIENCE
        assert delay < 60, "it never ends"


def test_an_interrupted_copy_is_made_again(made):
    rows = many(30000) + many(10, "few")
    put(db_path(made), rows)
    assert until_done(made, A, B, len(rows)) > 0
    assert dump(db_path(made, "b.db")) == dump(db_path(made)) == sorted(rows, key=lambda r: (r[0], r[1].encode()))


def test_progress_is_drawn_on_a_terminal(made):
    put(db_path(made), many(2000))
    code, screen = at_terminal(made, "", "db", "copy", A, B)
    assert code == OK and "% " in screen and "of 2,000 rows" in screen and screen.endswith("is the same\r\n"), screen
    assert "rows\x1b" not in made.cli("db", "copy", A, B).err


# ---- on servers ----

def options(server):
    return f"{server.url}?timeout=10s"


def states(desk, url):
    """What `db status` says of state there; a place that may be a journal has that made, too."""
    return [one for one in desk.cli("db", "status", url, "--json").data if one["role"] == "state"]


def test_init_seed_status_truncate_on_a_server(made, server):
    url = options(server)
    answer = made.cli("db", "status", url)
    assert answer.code == ERROR and "orrery db init" in answer.out, answer  # not made yet
    answer = made.cli("db", "copy", A, url)
    assert answer.code in (ERROR, NOT_FOUND) and "orrery db init" in answer.err, answer
    assert made.cli("db", "init", url, "--json").data[0]["done"] == "made"
    assert made.cli("db", "init", url, "--json").data[0]["done"] == "ready"
    assert made.cli("db", "seed", url).code == OK
    (state,) = states(made, url)
    assert (state["plugins"], state["live"]) == (4, SEEDED) and state["server"] and state["schema_version"] >= 1, state
    assert state["leases"] == []
    assert "rows there already" in made.cli("db", "seed", url).err
    assert made.cli("db", "truncate", url).code == ERROR
    assert made.cli("db", "truncate", url, "--force").code == OK
    (state,) = states(made, url)
    assert (state["plugins"], state["live"], state["expired"]) == (0, 0, 0)


def test_a_server_under_two_names_is_one_store(made, server):
    url = options(server)
    made.cli("db", "init", url)
    made.cli("db", "seed", url)
    for other in (server.url, url.replace("127.0.0.1", "localhost"), url.replace("127.0.0.1", "127.1")):
        answer = made.cli("db", "copy", url, other)
        assert answer.code == ERROR and "the same store" in answer.err, (other, answer)


def test_copies_to_a_server_and_back_interrupted(made, server):
    url = options(server)
    rows = many(8000)
    put(db_path(made), rows)
    made.cli("db", "init", url)
    cut = until_done(made, A, url, len(rows))
    assert copy(made, url, B)["written"] == len(rows)
    assert dump(db_path(made, "b.db")) == dump(db_path(made))
    assert cut > 0


def test_the_whole_way_round_is_the_identity(made):
    kinds = ["postgres", "redis", "libsql"]
    running = [started(servers.KINDS[k]()) for k in kinds]
    try:
        assert made.cli("db", "seed").code == OK
        put(db_path(made), many(1000))
        way = [A, *map(options, running), B]
        for url in way[1:-1]:
            assert made.cli("db", "init", url).code == OK
        for source, target in zip(way, way[1:]):
            done = copy(made, source, target)
            assert (done["written"], done["plugins"]) == (SEEDED + 1000, 5), (source, target)
        assert dump(db_path(made, "b.db")) == live(dump(db_path(made)))
        back = copy(made, way[1], A)  # across, what is there is equal in every backend's eyes
        assert (back["equal"], back["written"]) == (SEEDED + 1000, 0)
    finally:
        for server in running:
            server.stop()


def shared_pair(desks, server):
    """A desk whose daemon runs `one` on the server, and a stopped one that names the same store."""
    a, b = desks("a"), desks("b")
    for desk in a, b:
        desk.configure(state=on_server(server), more='lease = "2s"')
    add_counters(a, ["one"])
    a.start()
    a.wait_until(lambda s: ticks(s, "one") > 5, what="ticks")
    assert b.cli("db", "init", "sqlite:data/b.db").code == OK
    return a, b


def test_a_plugin_that_another_daemon_runs(desks, server):
    a, b = shared_pair(desks, server)
    url, holder = options(server), f"{a.path} (pid {a.process.pid})"
    (state,) = states(b, url)
    (lease,) = state["leases"]
    assert lease["plugin"] == "one" and holder in lease["holder"] and 0 < lease["left_ms"] <= 2000
    assert holder in b.cli("db", "status", url).out
    for words in (["truncate", url], ["copy", url, "sqlite:data/b.db"]):
        answer = b.cli("db", *words)
        assert answer.code == ERROR and holder in answer.err and "'one' is run by" in answer.err, (words, answer)
    assert b.cli("db", "copy", url, "sqlite:data/b.db", "--dry-run").code == OK
    a.stop()
    assert copy(b, url, "sqlite:data/b.db")["written"] == 1
    assert b.cli("db", "truncate", url, "--force").code == OK


@pytest.mark.parametrize("who", ["another desk", "its own desk"])
def test_force_takes_a_plugin_from_its_daemon_for_a_moment(desks, server, who):
    a, b = shared_pair(desks, server)
    before = ticks(a.status(), "one")
    answer = (a if who == "its own desk" else b).cli("db", "truncate", options(server), "--force")
    assert answer.code == OK and ("a daemon runs this desk" in answer.err) == (who == "its own desk"), answer
    a.wait_until(lambda s: ticks(s, "one") > before + 10, what="ticks after its lease was taken and given back")
    a.stop()
    rows = a.rows("SELECT reason FROM runs_v WHERE plugin = 'one' AND status = 'noop' ORDER BY id")
    numbers = [int(r[0][2:]) for r in rows]
    restart = max(i for i, n in enumerate(numbers) if n == 1)
    assert restart > 0 and numbers[:restart] == list(range(1, restart + 1)), "what was removed was not seen"
    assert numbers[restart:] == list(range(1, len(numbers) - restart + 1))
    assert stored(a, "one") == numbers[-1]
