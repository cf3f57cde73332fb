"""What is wrong is refused at its place, with a word that helps; what fails underneath is survived."""
import os
import resource
import signal
import socket
import sqlite3
import subprocess

import pytest

from books import check_journal, check_ledger
from support import CONFIGURATION, COUNT, ERROR, OK, TIMEOUT, config, every, run, strategy

GOOD = strategy("good", 'return action.noop("fine")')


def problems(desk, *args):
    answer = desk.cli("check", "--json", *args)
    assert answer.code == CONFIGURATION, answer
    return answer.json["problems"]


# ---- configuration ----

@pytest.mark.parametrize("text, line, words", [
    ("return {\n  workers = = 2\n}", 2, ["unexpected symbol"]),
    ("return {\n  workers = 'two'\n}", 2, ["workers", "integer"]),
    ("return {\n  workers = 0\n}", 2, ["workers", "1", "64"]),
    ("return {\n  journal = 'postgres:x'\n}", 2, ["journal", "sqlite:"]),
    ("return {\n  vaults = { v = { executor = 'papre' } }\n}", 2, ["paper"]),
    ("return {\n  feeds = { f = { kind = 'sim' } }\n}", 2, ["spot"]),
    ("return {\n  feeds = { f = { kind = 'csv' } }\n}", 2, ["path"]),
    ("return {\n  feeds = { f = { kind = 'teletype' } }\n}", 2, ["kind"]),
    ("return {\n  vaults = { v = { executor = 'paper', quote_balance = -1 } }\n}", 2, ["quote_balance"]),
    ("return {\n  limits = { soft_ms = 2000, hard_ms = 1000 }\n}", 2, ["hard_ms"]),
    ("return 7", 0, ["table"]),
    ("local x = nil\nreturn x.y", 2, ["nil"]),
    ("error('deliberate')", 1, ["deliberate"]),
    ("while true do end", 0, ["CPU"]),
    ("local t = {} while true do t[#t + 1] = ('x'):rep(1000) .. #t end", 0, ["memory"]),
    ("return { state = function(name) return 7 end }", 0, ["state"]),
    ("return { state = function(name) error('no state for you') end }", 0, ["no state for you"]),
    ("return { journal = io.open('x') }", 1, ["io"]),
])
def test_a_wrong_configuration_is_located(desk, text, line, words):
    if "vaults" not in text and text.startswith("return {"):
        text = text.replace("return {", "return { vaults = { v = { executor = 'paper' } },", 1)
    desk.write("orrery.lua", text)
    desk.write("strategies/good.lua", GOOD)
    found = problems(desk)
    said = " ".join(f"{p['message']} {p['hint'] or ''}" for p in found)
    assert all(word.lower() in said.lower() for word in words), found
    if line:
        assert any(p["file"] == "orrery.lua" and p["line"] == line for p in found), found
        assert f"orrery.lua:{line}" in desk.cli("check").out + desk.cli("check").err
    ran = desk.cli("run", "--for", "5s")
    assert ran.code == CONFIGURATION
    assert not (desk.path / "data" / "orrery.db").exists(), "a wrong desk touches nothing"


# ---- strategies ----

@pytest.mark.parametrize("text, line, words", [
    ("return {\n  name = = 1\n}", 2, ["unexpected symbol"]),
    (GOOD.replace('name = "good"', "name = 7"), 4, ["name"]),
    (GOOD.replace('name = "good"', 'name = "Not Good"'), 4, ["name"]),
    (GOOD.replace("triggers", "trigers"), 5, ["trigers", "triggers"]),
    (GOOD.replace('kind = "manual"', 'kind = "crom", every_seconds = 1'), 5, ["crom"]),
    (GOOD.replace('kind = "manual"', 'kind = "cron", every_seconds = 0.001'), 5, ["every_seconds"]),
    (GOOD.replace('kind = "manual"', 'kind = "cron", schedule = "61 * * * *"'), 5, ["61"]),
    (GOOD.replace('kind = "manual"', 'kind = "event"'), 5, ["topic"]),
    (GOOD.replace("decide = ", "decied = "), 0, ["decide"]),
    (GOOD.replace('vault_id = "v"', 'vault_id = "vv"'), 0, ["vv", "there is: v"]),
    (GOOD.replace("orrery.action", "orrery.acton"), 1, ["orrery.acton"]),
    (GOOD.replace('"orrery.action"', '"io"'), 1, ["io"]),
    ("error('at load')\n" + GOOD, 1, ["at load"]),
    ("while true do end", 0, ["CPU"]),
    ("return 5", 0, ["table"]),
    ("", 0, ["table"]),
    ("\x1bLua binary", 0, ["good.lua"]),
])
def test_a_wrong_strategy_is_located(desk, text, line, words):
    desk.configure()
    desk.write("strategies/good.lua", text)
    found = problems(desk)
    said = " ".join(f"{p['file']} {p['message']} {p['hint'] or ''}" for p in found)
    assert all(word.lower() in said.lower() for word in words), found
    assert all(p["file"] == "strategies/good.lua" for p in found), found
    if line:
        assert any(p["line"] == line for p in found), found
    assert desk.cli("run", "--for", "5s").code == CONFIGURATION


def test_all_problems_come_at_once(desk):
    desk.write("orrery.lua", "return {\n  wrokers = 2,\n  vaults = { v = { executor = 'paper', qoute_balance = 1 } },\n}")
    desk.write("strategies/a.lua", "return {{{")
    desk.write("strategies/b.lua", GOOD.replace("triggers", "trigers"))
    assert len(problems(desk)) >= 2
    desk.configure()
    found = {p["file"] for p in problems(desk)}
    assert found == {"strategies/a.lua", "strategies/b.lua"}


def test_two_plugins_of_one_name_are_refused(desk):
    desk.configure()
    desk.write("strategies/a.lua", GOOD)
    desk.write("strategies/b.lua", GOOD)
    said = str(problems(desk))
    assert "good" in said and "strategies/a.lua" in said and "strategies/b.lua" in said
    assert desk.cli("run", "--for", "5s").code == CONFIGURATION


def test_a_broken_module_names_itself(desk):
    desk.configure()
    desk.write("lib/risk.lua", "local x = 1\nreturn {{{")
    desk.write("strategies/good.lua", GOOD.replace("return {", 'local risk = require "risk"\nreturn {', 1))
    assert [(p["file"], p["line"]) for p in problems(desk)] == [("lib/risk.lua", 2)]


def test_modules_that_require_each_other_are_refused(desk):
    desk.configure()
    desk.write("lib/a.lua", 'return require "b"')
    desk.write("lib/b.lua", 'return require "a"')
    desk.write("strategies/good.lua", GOOD.replace("return {", 'local a = require "a"\nreturn {', 1))
    assert "a" in str(problems(desk))


@pytest.mark.parametrize("name", [b"\xff.lua", "ünï.lua".encode(), b"with space.lua", b"new\nline.lua"])
def test_odd_file_names(desk, name):
    desk.configure()
    desk.write("strategies/good.lua", GOOD)
    with open(os.path.join(os.fsencode(desk.path), b"strategies", name), "w") as f:
        f.write("return {{{")
    assert len(problems(desk)) == 1
    os.rename(os.path.join(os.fsencode(desk.path), b"strategies", name), desk.path / "strategies" / "ok.lua")
    desk.add("ok", COUNT)
    desk.start()
    with open(os.path.join(os.fsencode(desk.path), b"strategies", name), "w") as f:
        f.write("return {{{")
    answer = desk.cli("reload", "--json")
    assert answer.code == CONFIGURATION and answer.json["ok"] is False
    assert desk.fire("ok")["reason"] == "n=1"


def test_odd_things_in_the_folder_of_strategies(desk):
    desk.configure()
    desk.write("strategies/good.lua", GOOD)
    desk.write("strategies/.hidden.lua", "return {{{")
    desk.write("strategies/README.md", "not Lua")
    desk.write("strategies/good.lua~", "return {{{")
    assert desk.cli("check").code == OK
    (desk.path / "strategies" / "folder.lua").mkdir()
    os.mkfifo(desk.path / "strategies" / "pipe.lua")
    os.symlink("nowhere", desk.path / "strategies" / "link.lua")
    desk.write("strategies/broken.lua", "return {{{")
    assert {p["file"] for p in problems(desk)} == {f"strategies/{n}.lua" for n in ("folder", "pipe", "link", "broken")}


def test_too_much_source_is_refused(desk):
    desk.configure()
    desk.write("strategies/good.lua", GOOD + "-- " + "x" * 70000)
    said = str(problems(desk))
    assert "65536" in said or "64 KiB" in said


def test_a_folder_that_is_no_desk(tmp_path, desk):
    for words in (["check"], ["run"], ["status"], ["runs"]):
        answer = desk.cli(*words, "--json")
        assert answer.code == 2 and "orrery.lua" in answer.json["message"], answer
    assert run("run", tmp_path / "nowhere").code == 2


# ---- requests ----

GARBAGE = {"no JSON": b"{broken\n", "array": b"[]\n", "no op": b"{}\n", "op": b'{"op": 7}\n', "no plugin": b'{"op": "fire"}\n',
           "bytes": b"\xff\xfe\n", "limit": b'{"op": "runs", "limit": -1}\n', "long": b'{"op": "status"' + b" " * 300000 + b"}\n",
           "deep": b"[" * 100000 + b"\n", "topic": b'{"op": "emit", "topic": "a b"}\n', "empty": b"\n", "NUL": b"\0\n",
           "unended": b'{"op": "status"}'}


@pytest.mark.parametrize("name", GARBAGE)
def test_garbage_on_the_control_socket_is_answered_or_hung_up_on(desk, name):
    desk.configure()
    desk.add("counter", COUNT)
    desk.start()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as s:
        s.settimeout(20)
        s.connect(str(desk.path / "data" / "orrery.sock"))
        try:
            s.sendall(GARBAGE[name])
            s.shutdown(socket.SHUT_WR)
            answer = s.makefile("rb").readline()
        except ConnectionError:
            answer = b""
    assert answer == b"" or b'"ok":false' in answer.replace(b" ", b"")
    assert desk.fire("counter")["reason"] == "n=1"


def test_a_client_that_goes_away_loses_only_its_answer(desk):
    desk.configure()
    desk.add("counter", COUNT)
    desk.start()
    for _ in range(20):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as s:
            s.connect(str(desk.path / "data" / "orrery.sock"))
            s.sendall(b'{"op": "fire", "plugin": "counter", "wait": true}\n')
    desk.wait_until(lambda s: s["counters"]["noop"] == 20, what="the runs that nobody waits for")
    assert desk.state("counter") == {"n": 20}


# ---- the disk ----

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
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m,mode=0700", "tmpfs", str(data)]).returncode != 0:
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
