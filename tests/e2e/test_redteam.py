"""Hostile strategies that need the real ctx, the real conversion and the real core: tests/e2e/hostile/*.lua, in desks of
about fifteen, each with one worker that they share with two bystanders which must lose no tick and see nothing changed.

The first lines of a script say what must happen:

    -- expect: OK or KILL      how its fires end: OK, or the error's code; KILL is a DEADLINE that only SIGKILL ends
    -- expect: SCRIPT at load  the file is refused, before anything runs
    -- says: words             in the error of the last fire (or of the file)
    -- fires: 3                how often it is fired (1)
"""
import json
import os
import re

import pytest

from support import CONFIGURATION, PATIENCE, every, strategy
from pathlib import Path

BATCH = 15
COUNTER_MS = 50
SCRIPTS = sorted((Path(__file__).parent / "hostile").glob("*.lua"))

# Mints now and then, and looks at what it is given.
WATCHER = """
    local v, btc = ctx.vault, ctx.market.btc
    assert(v.id == "v" and v.is_frozen == false and math.type(v.quote_balance) == "integer" and v.quote_balance > 0)
    assert(math.type(v.nav) == "integer" and type(v.positions) == "table" and v[1] == nil)
    assert(type(btc.spot) == "number" and btc.spot > 1000 and type(btc.market_id) == "string" and btc.at <= ctx.now)
    assert(ctx.params.x == nil and type(ctx.lifecycle.closures) == "table")
    for _, c in ipairs(ctx.lifecycle.closures) do assert(type(c) == "table") end
    if ctx.last then assert(ctx.last.outcome == "submitted" or ctx.last.outcome == "noop") end
    local n = ctx.state:get_or_default("n", 0) + 1
    ctx.state:set("n", n)
    if n % 10 == 1 then
      return action.vault.mint_binary { market_id = btc.market_id, strike = math.floor(btc.spot) * 1000000000,
                                        is_up = true, quantity = 1000000 }
    end
    return action.noop("watching")
"""
COUNTER = """
    assert(#ctx.state:keys() <= 1 and rawget(_G, "leaked") == nil and ("x"):rep(3) == "xxx" and #string.format("%d", 7) == 1)
    local n = ctx.state:get_or_default("n", 0) + 1
    ctx.state:set("n", n)
    return action.noop("n=" .. n)
"""
RAW_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\x80-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufffd]")


class Script:
    def __init__(self, path):
        self.path, self.name, source = path, path.stem, path.read_text()
        self.expect = re.search(r"^-- expect: (.*)$", source, re.M)[1].split(" or ")
        says = re.search(r"^-- says: (.*)$", source, re.M)
        fires = re.search(r"^-- fires: (\d+)$", source, re.M)
        self.says = says[1] if says else ""
        self.fires = int(fires[1]) if fires else 1
        self.loads = not any(e.endswith(" at load") for e in self.expect)


ALL = [Script(p) for p in SCRIPTS]
RUN = [s for s in ALL if s.loads]
BATCHES = [RUN[i:i + BATCH] for i in range(0, len(RUN), BATCH)]


def desk_with_bystanders(desk, scripts, **more):
    desk.configure(workers=1, more="limits = { hard_ms = %d, soft_ms = %d }," % (400 * PATIENCE, 100 * PATIENCE), **more)
    desk.add("counter", COUNTER, '{ kind = "manual" }, ' + every(COUNTER_MS / 1000))
    desk.add("watcher", WATCHER, '{ kind = "manual" }, ' + every(0.2))
    for s in scripts:
        desk.write(f"strategies/{s.name}.lua", s.path.read_text())


def outcome_of(run):
    if run["status"] != "failed":
        return "OK"
    error = run["error"]
    if error["code"] == "DEADLINE" and "could not be interrupted" in error["message"]:
        return "KILL"
    return error["code"]


def check_error(script, run, wrong):
    """An error says what was expected, what came, and where, in text that acts on no terminal."""
    error = run["error"]
    if not error:
        return
    text = error["message"]
    if len(text) < 8 or RAW_CONTROL.search(text) or len(text) > 700:
        wrong.append((script.name, "an unreadable message", text))
    if error["code"] == "SCRIPT" and not (error.get("where") or "").endswith(".lua"):
        wrong.append((script.name, "no place", error))


def provoke(desk, script, wrong):
    """Fires the script as often as it wants; returns how often it had to be killed."""
    kills = 0
    for _ in range(script.fires):
        run = desk.fire(script.name)
        if run["status"] == "skipped":
            continue  # unhealthy or quarantined: the core's answer to the run before
        outcome = outcome_of(run)
        kills += outcome == "KILL"
        check_error(script, run, wrong)
        said = (run["error"] or {}).get("message", "") + " " + (run["reason"] or "")
        if outcome not in script.expect or (run["status"] == "failed" and script.says not in said):
            wrong.append((script.name, script.expect, script.says, outcome, run["error"], run["reason"]))
            break
    return kills


def check_bystanders(desk, missed):
    """No run failed or was skipped, no tick is unaccounted for, and the state says the same. A core that a large write
    holds up longer than an interval may fold ticks into one; it counts them."""
    for name, ms in (("counter", COUNTER_MS), ("watcher", 200)):
        rows = desk.rows("SELECT * FROM runs_v WHERE plugin = ? ORDER BY id", name)
        bad = [dict(r) for r in rows if r["status"] not in ("noop", "completed")]
        assert not bad, bad[:2]
        due = sorted(r["scheduled_at"] for r in rows if r["trigger"] == "cron")
        gaps = [b - a for a, b in zip(due, due[1:])]
        assert all(g > 0 and g % ms == 0 for g in gaps), f"{name}: {sorted(set(gaps))}"
        folded = sum(g // ms - 1 for g in gaps)
        assert folded <= missed[name] and folded <= max(3, len(due) // 4 * PATIENCE), (name, folded, missed[name], len(due))
        assert desk.state(name)["n"] == len(rows)


def descriptors(desk):
    return len(os.listdir(f"/proc/{desk.process.pid}/fd"))


@pytest.mark.parametrize("number", range(len(BATCHES)))
def test_hostile_plugins_beside_bystanders(desk, number):
    batch = BATCHES[number]
    desk_with_bystanders(desk, batch)
    desk.start()
    desk.wait_until(lambda s: next(p for p in s["plugins"] if p["name"] == "watcher")["counters"]["completed"], 20, "a mint")
    before = descriptors(desk)
    wrong, kills = [], 0
    for script in batch:
        kills += provoke(desk, script, wrong)
        for bystander in ("counter", "watcher"):
            after = desk.fire(bystander)
            assert after["status"] in ("noop", "completed"), f"after {script.name}: {after}"
    status = desk.status()
    assert not wrong, "\n".join(map(str, wrong))
    shown = desk.cli("status").out + desk.cli("runs", "--limit", "100").out
    assert status["workers"][0]["restarts"] == kills, "the worker died for the expected ones only"
    assert descriptors(desk) <= before + 2, "descriptors leak"
    missed = {p["name"]: p["counters"]["missed"] for p in desk.status()["plugins"]}
    desk.stop()
    check_bystanders(desk, missed)
    for text in (desk.log(), shown):
        raw = RAW_CONTROL.search(text)
        assert not raw, repr(text[max(raw.start() - 100, 0):raw.end() + 50])


def test_hostile_files_are_refused_with_words(desk):
    loading = [s for s in ALL if not s.loads]
    desk_with_bystanders(desk, loading)
    answer = desk.cli("check", "--json", timeout=120)
    assert answer.code == CONFIGURATION
    said = {}
    for p in answer.json["problems"]:
        said.setdefault(p["file"], []).append(p["message"] + " " + (p["hint"] or ""))
    wrong = [(s.name, s.says, said.get(f"strategies/{s.name}.lua")) for s in loading
             if s.says not in " ".join(said.get(f"strategies/{s.name}.lua", [])) or f"strategies/{s.name}.lua" not in said]
    assert not wrong, "\n".join(map(str, wrong))
    assert not RAW_CONTROL.search(json.dumps(answer.json, ensure_ascii=False))
    shown = desk.cli("check", timeout=120)
    raw = RAW_CONTROL.search(shown.out + shown.err)
    assert not raw, repr((shown.out + shown.err)[max(raw.start() - 100, 0):raw.end() + 50])


def resident_mb(pid):
    return int(re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())[1]) / 1024


def test_a_state_full_of_small_tables_takes_little_memory(desk):
    script = next(s for s in ALL if s.name == "amp_state_of_tables")
    desk_with_bystanders(desk, [script])
    desk.start()
    before = resident_mb(desk.status()["workers"][0]["pid"])
    for _ in range(script.fires):
        run = desk.fire(script.name)
    assert "8388608 bytes of state in all" in run["reason"], run
    worker = desk.status()["workers"][0]
    assert worker["restarts"] == 0
    if PATIENCE == 1:  # a sanitizer keeps freed memory for a while
        assert resident_mb(worker["pid"]) - before < 64


# ---- configurations ----

CONFIGS = {
    "hangs in C": ('local x = ("a"):rep(30000):find((".-"):rep(40) .. "b") return {}', ["CPU time"]),
    "prints without end": ('for i = 1, 1e9 do print(("\\27[2J"):rep(50)) end return {}', ["CPU time"]),
    "fills the heap": ('local t = {} while true do t = { t, ("x"):rep(1e5) } end', ["memory"]),
    "is a proxy": ('return setmetatable({}, { __index = function() return 1 end })', ["metatable"]),
    "has a callable table as state": ('return { BASE, state = setmetatable({}, { __call = function() return "memory:" end }) }', ["state"]),
    "state hangs": ('return { BASE, state = function() while true do end end }', ["CPU time"]),
    "state hangs in C": ('return { BASE, state = function() return (("a"):rep(30000):find((".-"):rep(40) .. "b")) end }', ["CPU time"]),
    "state fills the heap": ('return { BASE, state = function() local t = {} while true do t = { t, ("x"):rep(1e5) } end end }', ["memory"]),
    "state throws control": ('return { BASE, state = function(n) error("\\27[2J\\u{202e}" .. n) end }', ["x1b", "counter"]),
    "state throws a table": ('return { BASE, state = function(n) error({}) end }', ["table"]),
    "state returns nothing": ('return { BASE, state = function(n) end }', ["state", "expected", "nothing"]),
    "state returns a table": ('return { BASE, state = function(n) return {} end }', ["expected", "table"]),
    "state returns an empty string": ('return { BASE, state = function(n) return "" end }', ["expected"]),
    "state returns NUL": ('return { BASE, state = function(n) return "sqlite:a\\0b" end }', ["expected", "x00"]),
    "state returns control": ('return { BASE, state = function(n) return "\\27[2J\\u{9b}" end }', ["is not a store"]),
    "state returns 100 KB": ('return { BASE, state = function(n) return "sqlite:" .. ("x"):rep(100000) end }', ["4096"]),
    "state returns another scheme": ('return { BASE, state = function(n) return "http://x" end }', ["sqlite:"]),
    "a cycle": ('local t = { BASE } t.limits = t return t', ["cycle"]),
    "nested too deep": ('local t = {} for _ = 1, 1000 do t = { t } end return { BASE, limits = t }', ["nested"]),
    "a key full of control": ('return { BASE, ["\\27[2J\\u{202e}"] = 1 }', ["x1b"]),
    "a function where none belongs": ('return { BASE, workers = function() end }', ["workers"]),
    "a mark forged": ('return { BASE, workers = { ["$function"] = true } }', ["workers"]),
    "asks for a module that hangs": ('require "hangs" return { BASE }', ["CPU time"]),
    "asks for a module that asks for itself": ('require "loop_a" return { BASE }', ["loop_"]),
    "asks for a module that throws control": ('require "throws" return { BASE }', ["x1b", "throws.lua"]),
    "asks for a path": ('require "../../../etc/passwd" return { BASE }', ["etc"]),
}
BASE = 'vaults = { v = { executor = "paper", quote_balance = 1000000 } }, feeds = {}, limits = { hard_ms = 400, soft_ms = 100 }'


@pytest.mark.parametrize("name", CONFIGS)
def test_hostile_configurations(desk, name):
    text, words = CONFIGS[name]
    desk.write("orrery.lua", text.replace("BASE, limits", BASE.split(", limits")[0] + ", limits").replace("BASE", BASE) + "\n")
    desk.add("counter", COUNTER)
    desk.write("lib/hangs.lua", "while true do end")
    desk.write("lib/loop_a.lua", 'return require "loop_b"')
    desk.write("lib/loop_b.lua", 'return require "loop_a"')
    desk.write("lib/throws.lua", 'error("\\27[2J\\u{9b}")')
    answer = desk.cli("check", "--json", timeout=60)
    assert answer.code == CONFIGURATION, answer
    said = " ".join(f"{p['file']} {p['message']} {p['hint'] or ''}" for p in answer.json["problems"])
    assert all(w in said for w in words), said
    assert not RAW_CONTROL.search(said), repr(said)
    shown = desk.cli("check", timeout=60)
    assert not RAW_CONTROL.search(shown.out + shown.err), repr(shown)
    assert desk.cli("run", "--for", "1s", timeout=60).code == CONFIGURATION


def test_modules_that_misbehave_when_a_plugin_asks_for_them(desk):
    """And file names that act on a terminal: the fault is told about in text that does not."""
    desk_with_bystanders(desk, [])
    desk.write("lib/hangs.lua", "while true do end")
    desk.write("lib/loop_a.lua", 'return require "loop_b"')
    desk.write("lib/loop_b.lua", 'return require "loop_a"')
    desk.write("lib/proxy.lua", "return setmetatable({}, { __index = function(_, k) return k end })")
    desk.write("lib/nothing.lua", "")
    for i in range(60):
        desk.write(f"lib/many{i:02}.lua", "return {}")
    for module in ("hangs", "loop_a"):
        desk.add("wants_" + module, "return action.noop('x')", head=f'local m = require "{module}"')
    desk.add("wants_proxy", "return action.noop(tostring(m.anything))", head='local m = require "proxy"')
    desk.add("wants_nothing", "return action.noop(tostring(m))", head='local m = require "nothing"')
    desk.write("strategies/bad\x1b[31m\u202ename.lua", "return 1")
    answer = desk.cli("check", "--json", timeout=60)
    said = {p["file"]: p["message"] for p in answer.json["problems"]}
    assert "CPU time" in json.dumps(said) and "loop_" in json.dumps(said), said
    shown = desk.cli("check", timeout=60)
    raw = RAW_CONTROL.search(shown.out + shown.err)
    assert not raw, repr(shown)
