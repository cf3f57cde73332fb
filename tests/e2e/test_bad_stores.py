"""What fails underneath: full disks, damaged databases, feeds that are not there. Refused, or survived."""
import os
import resource
import signal
import sqlite3
import subprocess

import pytest

from books import check_journal, check_ledger
from support import CONFIGURATION, COUNT, ERROR, OK, TIMEOUT, config, every, strategy

GOOD = strategy("good", 'return action.noop("fine")')

TRADE = """
    local n = ctx.state:get_or_default("n", 0) + 1
    ctx.state:set("n", n)
    ctx.state:set("text", ("x"):rep(4000) .. n)
    if n % 3 == 0 then return action.vault.pm_deposit { amount = 1 } end
    return action.noop("n=" .. n)
"""


def fill_and_free(desk, fill, free):
    """Ticks, a full disk, ticks again: in between the status says so and nothing is lost."""
    for i in range(4):
        desk.add(f"p{i}", TRADE, every(0.02))
    desk.add("hand", COUNT)
    desk.start("--log-level", "warn")
    desk.wait_until(lambda s: s["counters"]["noop"] > 40, what="some ticks")
    fill()
    status = desk.wait_until(lambda s: s if s["state"] == "stalled" else None, 60, "a stall")
    assert status["stall"] and status["stores"][0]["stalled"] is True
    assert "stalled" in desk.cli("status").out
    ended = status["counters"]["noop"] + status["counters"]["completed"]
    later = desk.wait_until(lambda s: s if s["counters"]["missed"] + s["counters"]["queued"] > 20 else None,
                            what="ticks that wait")
    assert later["counters"]["noop"] + later["counters"]["completed"] <= ended + 8192
    free()
    desk.wait_until(lambda s: s["state"] == "running" and s["counters"]["noop"] > later["counters"]["noop"] + 40, 60,
                    "work to go on")
    assert desk.fire("hand")["reason"] == "n=1"
    desk.stop()
    db = desk.copy_of_db()
    runs, pending = check_journal(db)
    check_ledger(db)
    assert not pending and {r["status"] for r in runs.values()} <= {"noop", "completed", "skipped"}
    for i in range(4):
        mine = [r for r in runs.values() if r["plugin"] == f"p{i}" and r["status"] != "skipped"]
        assert desk.state(f"p{i}")["n"] == len(mine)
    assert all("queue full" in r["reason"] or "stopping" in r["reason"] for r in runs.values() if r["status"] == "skipped")
    db.close()
    assert "no space" in desk.log() or "full" in desk.log()


def test_a_full_disk_stops_ticks_and_loses_nothing(desk, tmp_path):
    if os.geteuid() != 0:
        pytest.skip("a small tmpfs can be mounted as root only")
    data = desk.path / "data"
    data.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m,mode=0700", "tmpfs", str(data)]).returncode != 0:
        pytest.skip("a tmpfs cannot be mounted here")
    ballast = data / "ballast"
    try:
        desk.configure()

        def fill():
            with open(ballast, "wb", buffering=0) as f:
                try:
                    while f.write(b"\0" * 4096) > 0:
                        pass
                except OSError:
                    pass
        fill_and_free(desk, fill, ballast.unlink)
    finally:
        desk.close()
        subprocess.run(["umount", str(data)], check=True)


def test_a_file_size_limit_stops_ticks_and_loses_nothing(desk):
    """The same by RLIMIT_FSIZE, which needs no rights: a quota that is raised later."""
    limit = 400 * 1024
    desk.configure()

    def lower():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

    original = desk.start
    desk.start = lambda *args: original(*args, preexec=lower)
    fill_and_free(
        desk,
        lambda: resource.prlimit(desk.process.pid, resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY)),
        lambda: resource.prlimit(desk.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY)))


def test_a_kill_while_the_disk_is_full_loses_nothing_that_was_committed(desk):
    desk.configure()
    for i in range(4):
        desk.add(f"p{i}", TRADE, every(0.02))
    desk.start("--log-level", "error", preexec=lambda: signal.signal(signal.SIGXFSZ, signal.SIG_IGN))
    desk.wait_until(lambda s: s["counters"]["noop"] > 40)
    resource.prlimit(desk.process.pid, resource.RLIMIT_FSIZE, (400 * 1024, resource.RLIM_INFINITY))
    desk.wait_until(lambda s: s["state"] == "stalled", 60, "a stall")
    desk.signal(signal.SIGTERM)
    assert desk.ended() == TIMEOUT, "a drain that could not commit says so"
    db = desk.copy_of_db()
    runs, _ = check_journal(db)
    check_ledger(db)
    db.close()
    kept = {f"p{i}": len([r for r in runs.values() if r["plugin"] == f"p{i}" and r["status"] != "skipped"]) for i in range(4)}
    assert {p: desk.state(p)["n"] for p in kept} == kept
    desk.start()
    desk.wait_until(lambda s: s["counters"]["noop"] > 40, what="the next session")
    assert all(desk.state(p)["n"] > n for p, n in kept.items())


# ---- the database ----

def one_session(desk):
    desk.configure()
    desk.add("counter", COUNT)
    desk.start()
    for _ in range(3):
        desk.fire("counter")
    desk.stop()
    return desk.path / "data" / "orrery.db"


@pytest.mark.parametrize("damage", ["header", "page", "short", "text", "empty page"])
def test_a_corrupt_database_is_refused_and_not_touched(desk, damage):
    path = one_session(desk)
    data = bytearray(path.read_bytes())
    if damage == "header":
        data[0:16] = b"not a database!!"
    elif damage == "page":
        for at in range(4096, len(data), 4096):
            data[at:at + 64] = b"\xa5" * 64
    elif damage == "short":
        del data[5000:]
    elif damage == "text":
        data[:] = b"dear diary, today I overwrote a file\n" * 50
    else:
        data[8192:12288] = bytes(4096)
    path.write_bytes(bytes(data))
    for name in ("orrery.db-wal", "orrery.db-shm"):
        (path.parent / name).unlink(missing_ok=True)
    for words in (["run", "--for", "5s"], ["runs"], ["state", "get", "counter", "n"], ["db", "upgrade"]):
        answer = desk.cli(*words, "--json")
        if words[0] in ("run", "db") or damage not in ("page", "empty page"):  # reading may find what it needs elsewhere
            assert answer.code == ERROR, (words, answer)
            assert answer.json["code"] == "STORE_CORRUPT", answer.json
            assert answer.json["where"].endswith("data/orrery.db") and answer.json["message"]
        assert path.read_bytes() == bytes(data), f"{words} has changed the file"
    left = {p.name for p in path.parent.iterdir()}
    assert left <= {"orrery.db", "orrery.lock", "orrery.sock"}, left


def test_a_database_of_a_newer_orrery_is_refused(desk):
    path = one_session(desk)
    with sqlite3.connect(path) as db:
        db.execute("INSERT INTO schema_migrations(component, version, name, applied_at) VALUES('journal', 99, 'future', 0)")
    db.close()
    before = path.read_bytes()
    for words in (["run", "--for", "5s"], ["runs"], ["db", "upgrade"]):
        answer = desk.cli(*words, "--json")
        assert answer.code == ERROR and answer.json["code"] == "STORE_NEWER", (words, answer)
        assert "99" in answer.json["message"] and answer.json["where"].endswith("data/orrery.db")
    assert path.read_bytes() == before


def test_a_folder_in_the_place_of_the_database(desk):
    desk.configure()
    desk.add("counter", COUNT)
    (desk.path / "data" / "orrery.db").mkdir(parents=True)
    answer = desk.cli("run", "--for", "5s", "--json")
    assert answer.code == ERROR and "folder" in answer.json["message"]
    assert answer.json["where"].endswith("data/orrery.db")


def test_a_lost_database_begins_anew(desk):
    path = one_session(desk)
    path.unlink()
    desk.start()
    assert desk.fire("counter")["reason"] == "n=1"


def test_state_that_somebody_wrote_by_hand(desk):
    path = one_session(desk)
    with sqlite3.connect(path) as db:
        db.execute("UPDATE plugin_state SET value = '41' WHERE key = 'n'")
    db.close()
    desk.start()
    assert desk.fire("counter")["reason"] == "n=42"
    desk.stop()
    with sqlite3.connect(path) as db:
        db.execute("UPDATE plugin_state SET value = 'not json' WHERE key = 'n'")
    db.close()
    desk.add("other", COUNT)
    desk.start()
    assert desk.fire("other")["reason"] == "n=1", "one plugin's state does not hinder another"
    run = desk.fire("counter")
    assert run["status"] == "failed" and "'n'" in run["error"]["message"]
    assert desk.plugin("counter")["health"] == "unhealthy"
    assert desk.cli("state", "set", "counter", "n", "5").code == OK
    assert [desk.fire("counter")["status"] for _ in range(4)] == ["skipped"] * 3 + ["noop"]
    assert desk.state("counter") == {"n": 6}


# ---- feeds ----

def test_a_csv_feed_that_is_not_there_or_not_csv(desk):
    for text, line, words in ((None, None, "cannot open"), ("", None, ""), ("time,price\n1,2\n", 1, "timestamp"),
                              ("timestamp,close\nx,y\n", 2, "timestamp"),
                              ("timestamp,close\n1640995200000,-5\n", 2, "close")):
        desk.write("orrery.lua", 'return { vaults = { v = { executor = "paper" } }, '
                                 'feeds = { btc = { kind = "csv", path = "bars.csv" } } }')
        desk.write("strategies/good.lua", GOOD)
        if text is not None:
            desk.write("bars.csv", text)
        answer = desk.cli("run", "--until-feeds-end", "--json", timeout=30)
        assert answer.code in (ERROR, CONFIGURATION, 2), (text, answer)
        said = answer.json["message"] + answer.json.get("where", "")
        assert words in said and "bars.csv" in said and answer.json.get("line") == line, answer.json


def test_an_http_feed_that_nobody_serves_is_stale_and_says_why(desk):
    desk.write("orrery.lua", config().replace("feeds = {", """feeds = {
        web = { kind = "http", url = "http://127.0.0.1:9/x", price = "/p", every_ms = 50, timeout_ms = 500 },"""))
    desk.add("reader", 'return action.noop(tostring(not ctx.market.web or ctx.market.web.stale))')
    desk.start()
    status = desk.wait_until(lambda s: s if any(f["failures"] for f in s["feeds"]) else None, what="a failure")
    web = next(f for f in status["feeds"] if f["name"] == "web")
    assert web["stale"] is True and web["last_error"] and web["spot"] is None
    assert desk.fire("reader")["reason"] == "true"
