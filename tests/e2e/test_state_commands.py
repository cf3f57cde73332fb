"""`orrery state`: export and import, on a running daemon and on a stopped desk; changes of state that others share."""
import json
import socket
import time

import pytest

from shared import add_counters, on_server, ticks
from support import ERROR, NOT_FOUND, NOT_RUNNING, OK, every, wait_until


def document(entries, **more):
    return json.dumps({"entries": entries, **more}, ensure_ascii=False)


def entry(key, value, expires_at=None):
    return {"key": key, "value": value, "expires_at": expires_at}


def rows(desk, plugin):
    return [tuple(r) for r in desk.rows(
        "SELECT key, value, expires_at FROM plugin_state WHERE plugin_name = ? ORDER BY key", plugin)]


def importing(desk, plugin, entries, *more, code=OK):
    answer = desk.cli("state", "import", plugin, "--json", *more, stdin=document(entries))
    assert answer.code == code, answer
    return answer.data if code == OK else answer.json


@pytest.fixture(params=["stopped", "running"])
def either(desk, request):
    """A desk with a strategy `quiet`, which no daemon runs, or one does."""
    desk.configure(more="limits = { value_bytes = 200000, state_bytes = 8388608 }")
    desk.add("quiet", "local e = ctx.state:get('key 034999'); return action.noop(e and tostring(e.n) or 'none')")
    assert desk.cli("db", "init").code == OK
    if request.param == "running":
        desk.start()
    return desk


def halt(desk):
    if desk.process is not None:
        desk.stop()


# ---- out and in again ----

def test_a_round_trip(either, tmp_path):
    desk, file, now = either, tmp_path / "out.json", int(time.time() * 1000)
    entries = [entry("a:b", 9223372036854775807), entry("min", -9223372036854775808), entry("f", 0.1 + 0.2), entry("big", 1e308),
               entry("one", 1.0), entry("", 0)][:-1]
    entries += [entry("ключ", "Grüß 🌒 \0 \x1b"), entry("t", {"b": [1, {}], "a": None}), entry("no", False, now + 3600000)]
    assert importing(desk, "quiet", entries) == {"written": 8, "same": 0, "removed": 0, "expired": 0}
    answer = desk.cli("state", "export", "quiet", "--output", file)
    assert answer.code == OK and answer.out == f"8 entries written to {file}\n", answer
    assert (file.stat().st_mode & 0o777) == 0o600
    printed = desk.cli("state", "export", "quiet")
    assert json.loads(printed.out)["entries"] == json.loads(file.read_text())["entries"]
    assert "\x1b" not in printed.out and "1.0}" in printed.out and "9223372036854775807" in printed.out
    found = json.loads(file.read_text())
    assert found["plugin"] == "quiet" and abs(found["exported_at"] - now) < 60000
    assert sorted(found["entries"], key=lambda e: e["key"]) == sorted(entries, key=lambda e: e["key"])
    assert desk.cli("state", "export", "quiet", "--json").data["entries"] == found["entries"]
    answer = desk.cli("state", "import", "quiet", file)
    assert answer.code == OK and answer.out == "8 there already\n"
    desk.cli("state", "set", "quiet", "more", "1")
    desk.cli("state", "set", "quiet", "one", "1")
    answer = desk.cli("state", "import", "quiet", file, "--replace")
    assert answer.code == OK and answer.out == "1 written, 7 there already, 1 removed\n"
    halt(desk)
    stored = {k: (v, x) for k, v, x in rows(desk, "quiet")}
    assert len(stored) == 8 and stored["one"] == ("1.0", None) and stored["no"] == ("false", now + 3600000)
    assert stored["f"] == ("0.30000000000000004", None)


def test_of_the_seed(either):
    desk = either
    if desk.process is not None:
        desk.stop()
    assert desk.cli("db", "seed").code == OK
    before = {p: rows(desk, p) for p in ("example-numbers", "example-texts", "example-tables")}
    texts = {p: desk.cli("state", "export", p).out for p in before}  # strategies that the desk does not have
    assert desk.cli("db", "truncate", "--force").code == OK
    for plugin, text in texts.items():
        assert desk.cli("state", "import", plugin, "-", stdin=text).code == OK
    assert {p: rows(desk, p) for p in before} == before


def test_expired_entries_are_left_out(either):
    desk, now = either, int(time.time() * 1000)
    importing(desk, "quiet", [entry("gone", 1), entry("stays", 1)])
    changes = [entry("gone", 2, now - 1000), entry("new", 2, now + 10**7)]
    assert importing(desk, "quiet", changes) == {"written": 1, "same": 0, "removed": 0, "expired": 1}
    assert desk.cli("state", "get", "quiet", "gone").out == "1\n"
    assert importing(desk, "quiet", changes, "--replace") == {"written": 0, "same": 1, "removed": 2, "expired": 1}
    assert [k["key"] for k in desk.cli("state", "keys", "quiet", "--json").data] == ["new"]


def test_what_is_wrong_changes_nothing(either, tmp_path):
    desk = either
    importing(desk, "quiet", [entry("a", 1)])
    good = [entry(f"k{i}", i) for i in range(5000)]
    deep = json.loads("[" * 33 + "]" * 33)
    for wrong, words in [
            ([*good, entry("k7", 1)], "entries[5000]: key 'k7' is there twice"),
            ([*good, entry("x", None)], "entries[5000]: key 'x': expected a value other than null"),
            ([*good, {"key": "x", "value": 1, "expire_at": 5}], "'expire_at' is no member of an entry"),
            ([*good, {"key": "x"}], "expected a value other than null, got none"),
            ([*good, 5], "entries[5000]: expected an object"),
            ([*good, entry("x" * 257, 1)], "1 to 256 bytes, got 257"),
            ([*good, entry("x", "y" * 200001)], "at most 200000 (limits.value_bytes)"),
            ([*good, entry("x", deep)], "at most 32 levels" if desk.process else "nested more than 32 levels"),
            ([*good, entry("x", 1, "tomorrow")], "expires_at: expected ms since the epoch"),
            ([entry(f"k{i}", "y" * 199990) for i in range(42)], "at most 8388608 (limits.state_bytes)")]:
        answer = importing(desk, "quiet", wrong, "--replace", code=ERROR)
        assert words in answer["message"], answer
    for text, words in [("[", "is not JSON"), ("[]", "expected {\"entries\""), ('{"entries": 5}', "expected {\"entries\""),
                        ('{"entries": [], "extra": 1}', "'extra' is no member"), ("", "is not JSON"),
                        ('{"entries": [{"key": "a", "value": 1e999}]}', "is not JSON"),
                        ('{"entries": [{"key": "a", "value": 1, "value": 2}]}', "is not JSON"),
                        ('{"entries": [{"key": "a", "value": 9223372036854775808}]}', "is not JSON")]:
        answer = desk.cli("state", "import", "quiet", stdin=text)
        assert answer.code == ERROR and words in answer.err, (text, answer)
    assert desk.cli("state", "import", "quiet", tmp_path / "none").code == NOT_FOUND
    assert desk.cli("state", "export", "quiet", "-o", tmp_path / "none" / "x").code == ERROR
    assert "--replace does not belong" in desk.cli("state", "export", "quiet", "--replace").err
    halt(desk)
    assert rows(desk, "quiet") == [("a", "1", None)]


def test_a_large_state(either):
    desk = either
    values = ["\"\\" * 40000, "ü" * 60000, [list(range(1000))] * 20, json.loads("[" * 32 + "]" * 32)]
    entries = [entry(f"large {i}", v) for i, v in enumerate(values)]
    entries += [entry(f"key {i:06}", {"n": i, "text": "x" * 100}) for i in range(35000)]
    assert importing(desk, "quiet", entries)["written"] == 35004
    assert importing(desk, "quiet", entries, "--replace") == {"written": 0, "same": 35004, "removed": 0, "expired": 0}
    found = desk.cli("state", "export", "quiet", "--json").data["entries"]
    assert {e["key"]: e["value"] for e in found} == {e["key"]: e["value"] for e in entries}
    if desk.process is not None:
        run = desk.fire("quiet")
        assert run["reason"] == "34999", run["error"]
    assert importing(desk, "quiet", [], "--replace")["removed"] == 35004
    halt(desk)
    assert rows(desk, "quiet") == []


def test_together_not_more_than_the_limit(either):
    desk = either
    importing(desk, "quiet", [entry(f"a{i}", "y" * 199000) for i in range(40)])
    more = [entry(f"b{i}", "y" * 199000) for i in range(5)]
    assert "limits.state_bytes" in importing(desk, "quiet", more, code=ERROR)["message"]
    assert importing(desk, "quiet", more, "--replace")["removed"] == 40


def test_strategies_that_the_desk_does_not_have(either):
    desk = either
    if desk.process is None:
        assert importing(desk, "old-one", [entry("a", 1)])["written"] == 1
        assert desk.cli("state", "get", "old-one", "a").out == "1\n"
        assert desk.cli("state", "delete", "old-one", "a").code == OK
    else:
        for words in (["export", "old-one"], ["keys", "old-one"], ["set", "old-one", "a", "1"]):
            answer = desk.cli("state", *words)
            assert answer.code == NOT_FOUND and "while its daemon is stopped" in answer.err, answer
        assert importing(desk, "old-one", [entry("a", 1)], code=NOT_FOUND)["code"] == "NOT_FOUND"
    assert desk.cli("state", "export", "No Name").code == ERROR


def test_state_in_memory_needs_its_daemon(desk):
    desk.configure(journal="memory:", state='"memory:"')
    desk.add("quiet", "return action.noop(tostring(ctx.state:get('a')))")
    assert desk.cli("state", "export", "quiet").code == NOT_RUNNING
    assert desk.cli("state", "import", "quiet", stdin=document([])).code == NOT_RUNNING
    desk.start()
    assert importing(desk, "quiet", [entry("a", 5)])["written"] == 1
    assert desk.fire("quiet")["reason"] == "5"
    desk.stop()


# ---- beside ticks ----

# All keys of a generation are there, or the tick has seen half of an import. Leaves a key of its own behind.
WHOLE = """
    local keys, seen = ctx.state:keys(), nil
    local count = 0
    for _, key in ipairs(keys) do
      if key:sub(1, 2) == "g:" then
        local value = ctx.state:get(key)
        if seen ~= nil and value ~= seen then error("torn: " .. value .. " beside " .. seen) end
        seen = value
        count = count + 1
      end
    end
    if seen ~= nil and count ~= 20 + seen % 7 then error("torn: " .. count .. " keys of " .. seen) end
    local n = ctx.state:get_or_default("n", 0) + 1
    ctx.state:set("n", n)
    ctx.state:set("own:" .. n, seen or 0)
    if n % 3 == 0 then return action.vault.pm_deposit { amount = 1000 + n } end
    return action.noop("g=" .. (seen or 0))
"""

HOOK = """
  on_executed = function(ctx, result)
    ctx.state:set("hook:" .. ctx.state:get_or_default("n", 0), ctx.state:get_or_default("g:1", 0))
  end,
"""


def generation(g):
    return [entry(f"g:{i}", g) for i in range(20 + g % 7)]


@pytest.mark.parametrize("where", ["journal", "apart"])
def test_no_tick_sees_half_of_an_import(desk, where):
    desk.configure(state=f'"sqlite:data/{"orrery" if where == "journal" else "apart"}.db"')
    desk.add("whole", WHOLE, every(0.01), more=HOOK)
    desk.add("other", "return action.noop('x')", every(0.01))
    desk.start()
    desk.wait_until(lambda s: ticks(s, "whole") > 5, what="ticks")
    for g in range(1, 40):
        before = desk.plugin("whole")["counters"]["noop"]
        importing(desk, "whole", generation(g), "--replace")
        found = {e["key"]: e["value"] for e in desk.cli("state", "export", "whole", "--json").data["entries"]}
        assert {k: v for k, v in found.items() if k.startswith("g:")} == {e["key"]: g for e in generation(g)}
        late = {k: v for k, v in found.items() if k.startswith(("own:", "hook:")) and v != g}
        assert not late, f"after generation {g} there are keys from before: {late}"
        desk.wait_until(lambda s: ticks(s, "whole") > before + 1, what="more ticks")
    executed = desk.plugin("whole")["counters"]["completed"]
    assert executed > 10
    desk.wait_until(lambda s: desk.plugin("whole")["counters"]["completed"] > executed + 1, what="more hooks")
    status = desk.status()
    desk.stop()
    assert all(p["counters"]["failed"] == 0 for p in status["plugins"]), status["plugins"]
    keys = [k["key"] for k in desk.cli("state", "keys", "whole", "--json").data]
    assert any(k.startswith("hook:") for k in keys) and any(k.startswith("own:") for k in keys)
    reasons = {r[0] for r in desk.rows("SELECT reason FROM runs_v WHERE plugin = 'whole' AND status = 'noop'")}
    assert {f"g={g}" for g in range(1, 39)} <= reasons


def test_an_import_does_not_hold_the_other_strategies(desk):
    desk.configure()
    desk.add("quiet", "return action.noop('x')")
    desk.add("busy", "return action.noop('x')", every(0.01))
    desk.start()
    entries = [entry(f"key {i:06}", {"n": i, "text": "x" * 100}) for i in range(35000)]
    desk.wait_until(lambda s: ticks(s, "busy") > 5, what="ticks")
    importing(desk, "quiet", entries)
    times = [r[0] for r in desk.rows("SELECT finished_at FROM runs_v WHERE plugin = 'busy' ORDER BY id")]
    desk.stop()
    longest = max(b - a for a, b in zip(times, times[1:]))
    print(f"longest time without a tick beside an import of 5 MB: {longest} ms")
    assert longest < 2000


# ---- the parts on the wire ----

class Wire:
    """A connection of its own to the control socket."""

    def __init__(self, desk):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(30)
        self.socket.connect(str(desk.path / "data" / "orrery.sock"))
        self.file = self.socket.makefile("rw", encoding="utf-8", newline="\n")

    def ask(self, **request):
        self.file.write(json.dumps({"op": "state_import", "plugin": "quiet", **request}) + "\n")
        self.file.flush()
        return json.loads(self.file.readline())

    def close(self):
        self.file.close()
        self.socket.close()


def test_parts_are_one_change_or_none(desk):
    desk.configure()
    desk.add("quiet", "return action.noop('x')")
    desk.start()
    one, two = Wire(desk), Wire(desk)
    first, last = [{"key": "a", "value": "1"}], [{"key": "b", "value": "2"}]
    assert one.ask(entries=first, more=True)["ok"] and two.ask(entries=last, more=True)["ok"]
    assert desk.ask("state_keys", plugin="quiet") == []
    assert not one.ask(entries=[{"key": "a", "value": "1"}], part=1, more=True)["ok"]  # twice: the import is over
    answer = one.ask(entries=last, part=2)
    assert not answer["ok"] and "expected 0, got 2" in answer["message"], "the tail of a failed import was taken for a whole"
    two.close()  # half an import, left alone
    assert desk.ask("state_keys", plugin="quiet") == []
    assert one.ask(entries=first, part=0, more=True)["ok"]
    assert one.ask(entries=last, part=1)["data"]["written"] == 2
    for wrong in ({}, {"entries": 5}, {"entries": [{"key": "a", "value": 1}]}, {"entries": [{"key": "a", "value": "{"}]},
                  {"entries": [{"value": "1"}]}, {"entries": [7]}, {"entries": [], "plugin": 5}):
        assert not one.ask(**wrong)["ok"], wrong
    assert len(desk.ask("state_keys", plugin="quiet")) == 2
    one.close()
    desk.stop()


# ---- state that others share ----

def test_the_lease_of_a_change(desks, server):
    a, b = desks("a"), desks("b")
    for desk in a, b:
        desk.configure(state=on_server(server), more='lease = "2s"')
        add_counters(desk, ["one"], seconds=0.05)
    a.start()
    a.wait_until(lambda s: ticks(s, "one") > 3, what="ticks")
    changes = ["set", "one", "n", "0"], ["delete", "one", "n"], ["import", "one"]
    holder = f"{a.path} (pid {a.process.pid})"
    for words in changes:  # a stopped desk
        answer = b.cli("state", *words, stdin=document([entry("n", 0)]))
        assert answer.code == ERROR and holder in answer.err, (words, answer)
    assert b.cli("state", "get", "one", "n").code == OK and b.cli("state", "export", "one").code == OK
    b.start()
    b.wait_until(lambda s: s["plugins"][0]["health"] == "standby", what="the second to stand by")
    for words in changes:  # a daemon that stands by
        answer = b.cli("state", *words, stdin=document([entry("n", 0)]))
        assert answer.code == ERROR and holder in answer.err, (words, answer)
    b.stop()
    importing(a, "one", [entry("n", 1000000)], "--replace")
    a.wait_until(lambda s: int(a.cli("state", "get", "one", "n").out) > 1000000, what="a tick behind the import")
    a.kill()  # its lease is still there
    answer = b.cli("state", "set", "one", "n", "5")
    assert answer.code == ERROR and holder in answer.err
    assert importing(a, "one", [entry("n", 7)], "--replace")["written"] == 1  # the same desk: that daemon is dead
    assert wait_until(lambda: b.cli("state", "set", "one", "n", "5").code == OK, what="the lease to be free")
    assert b.cli("state", "get", "one", "n").out == "5\n"


def test_an_import_into_a_store_that_is_away(desk, server):
    desk.configure(state=on_server(server))
    add_counters(desk, ["one"], seconds=0.05)
    desk.add("local-one", "return action.noop('x')", every(0.05))
    desk.start()
    desk.wait_until(lambda s: ticks(s, "one") > 3, what="ticks")
    server.pause()
    answer = importing(desk, "one", [entry("n", 1000000)], "--replace", code=ERROR)
    assert answer["code"] == "STORE_DOWN", answer
    before = desk.status()
    desk.wait_until(lambda s: ticks(s, "local-one") > ticks(before, "local-one") + 3, what="ticks of the others")
    server.resume()
    desk.wait_until(lambda s: ticks(s, "one") > ticks(before, "one") + 3, what="ticks after the outage")
    changed = int(desk.cli("state", "get", "one", "n").out) > 1000000
    assert changed == ("under way" in answer["message"]), answer
    assert importing(desk, "one", [entry("n", 2000000)], "--replace")["written"] == 1
    desk.wait_until(lambda s: int(desk.cli("state", "get", "one", "n").out) > 2000000, what="ticks behind the import")
    desk.stop()
