"""What is wrong is refused at its place, with a word that helps."""
import os
import socket

import pytest

from support import CONFIGURATION, COUNT, OK, run, strategy

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
