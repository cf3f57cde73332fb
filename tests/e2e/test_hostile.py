"""Every script of tests/hostile in a real daemon, on one worker with a bystander that must notice nothing."""
import re

import pytest

from support import CONFIGURATION, PATIENCE, REPO, every, strategy

SCRIPTS = sorted((REPO / "tests" / "hostile" / "scripts").glob("*.lua"))
TICKS = 5  # of each script; the first failure is what it did

# Looks at everything it shares a process with, and says a digest of what it saw.
BYSTANDER = """
    local seen = {}
    local function look(name, value)
      seen[#seen + 1] = name .. ":" .. type(value)
    end
    for name, value in pairs(_G) do look(name, value) end
    for _, library in ipairs { string, table, math, utf8, action, action.vault } do
      for name, value in pairs(library) do look(name, value) end
    end
    local text = ("%d|%s|%5.2f"):format(7, ("ab"):rep(3, "-"), 1.005):upper()
    local list = { 5, 3, 9, 1 }
    table.sort(list)
    look(text, text)
    look(table.concat(list, ","), list)
    look(tostring(select(2, pcall(error, "caught"))), nil)
    look(tostring(getmetatable("")), nil)
    look(tostring(rawget(_G, "leaked")), nil)
    look(("x"):gsub("x", "y"), #"abc" == 3)
    look(utf8.char(228, 8364), math.type(1))
    local digest = 17
    for _, byte in ipairs { table.concat(seen, " "):byte(1, -1) } do digest = (digest * 31 + byte) % 1000000007 end
    local n = ctx.state:get_or_default("n", 0) + 1
    ctx.state:set("n", n)
    return action.noop(#seen .. " things, digest " .. digest)
"""


class Script:
    def __init__(self, path):
        self.path, self.name, self.source = path, path.stem, path.read_bytes()
        head = re.match(rb"(?:-- .*\n)*", self.source.removeprefix(b"\xef\xbb\xbf")).group().decode(errors="replace")
        expect = re.search(r"^-- expect: (.*)$", head, re.M)
        says = re.search(r"^-- says: (.*)$", head, re.M)
        self.expect = (expect.group(1) if expect else "SCRIPT at load").split(" or ")
        self.says = says.group(1) if says else ""
        self.loads = not any(e.endswith(" at load") for e in self.expect)
        declared = re.search(rb'name = "([a-z0-9][a-z0-9_-]*)"', self.source)
        self.plugin = declared.group(1).decode() if declared else self.name


ALL = [Script(path) for path in SCRIPTS]


def desk_with_bystander(desk, **limits):
    settings = {"hard_ms": int(400 * PATIENCE), "soft_ms": int(100 * PATIENCE)} | limits
    desk.configure(workers=1, more="limits = { %s }," % ", ".join(f"{k} = {v}" for k, v in settings.items()))
    desk.write("strategies/bystander.lua", strategy("bystander", BYSTANDER, '{ kind = "manual" }, ' + every(0.1)))


def outcome_of(run):
    """The outcome in the words of the scripts' first lines."""
    if run["status"] != "failed":
        return "OK"
    code = run["error"]["code"]
    if code == "SCRIPT_RESULT":
        return "RESULT"
    return "KILL" if code == "DEADLINE" and "could not be interrupted" in run["error"]["message"] else code


def provoke(desk, script):
    """Ticks of the script until it fails."""
    for _ in range(TICKS):
        run = desk.fire(script.plugin)
        outcome = outcome_of(run)
        if outcome != "OK":
            break
    return outcome, run


def check_bystander(desk, ticks):
    rows = desk.rows("SELECT * FROM runs_v WHERE plugin = 'bystander' ORDER BY id")
    assert {r["status"] for r in rows} == {"noop"}, [dict(r) for r in rows if r["status"] != "noop"][:2]
    assert len({r["reason"] for r in rows}) == 1, {r["reason"] for r in rows}
    assert desk.state("bystander") == {"n": len(rows)} and len(rows) >= ticks
    due = [r["scheduled_at"] for r in rows if r["trigger"] == "cron"]
    assert len(set(due)) == len(due)
    return len(rows), max(r["finished_at"] - r["scheduled_at"] for r in rows)


def test_there_are_enough_of_them():
    assert len(ALL) >= 60


def test_hostile_ticks_beside_a_bystander(desk):
    desk_with_bystander(desk)
    loadable = [s for s in ALL if s.loads]
    for s in loadable:
        desk.write(f"strategies/{s.name}.lua", "").write_bytes(s.source)
    # What the daemon refuses to load is named, and taken away.
    checked = desk.cli("check", "--json")
    refused = {p["file"] for p in checked.json["problems"]} if checked.code == CONFIGURATION else set()
    for s in loadable:
        if f"strategies/{s.name}.lua" in refused:
            assert "SCRIPT" in s.expect, (s.name, s.expect, checked.json["problems"])
            (desk.path / "strategies" / f"{s.name}.lua").unlink()
    rest = [s for s in loadable if f"strategies/{s.name}.lua" not in refused]
    desk.start("--log-level", "error")
    wrong, kills = [], 0
    first = desk.fire("bystander")["reason"]
    for s in rest:
        outcome, run = provoke(desk, s)
        kills += outcome == "KILL"
        said = (run["error"] or {}).get("message", "") + (run["reason"] or "")
        if outcome not in s.expect or s.says not in said:
            wrong.append((s.name, s.expect, outcome, said))
        after = desk.fire("bystander")
        assert after["status"] == "noop" and after["reason"] == first, f"after {s.name}: {after}"
    status = desk.status()
    assert status["workers"][0]["restarts"] == kills, "the worker died for the expected ones only"
    assert next(p for p in status["plugins"] if p["name"] == "bystander")["health"] == "healthy"
    desk.stop()
    ticks, late = check_bystander(desk, len(rest))
    print(f"{len(rest)} scripts, {kills} kills; the bystander ticked {ticks} times, at most {late} ms late")
    assert not wrong, "\n".join(map(str, wrong))


def test_hostile_files_dropped_into_a_watched_desk(desk):
    """Those that misbehave while they load. Each is loaded in a throw-away worker: nobody waits for it."""
    desk_with_bystander(desk, hard_ms=int(300 * PATIENCE))
    desk.start("--watch", "--log-level", "error")
    loading = [s for s in ALL if not s.loads]
    for s in loading:
        desk.write(f"strategies/{s.name}.lua", "").write_bytes(s.source)

    broken = [s for s in loading if not any(e.startswith("OK") for e in s.expect)]
    desk.wait_until(lambda _: all(f"strategies/{s.name}.lua" in desk.log() for s in broken), 90, "an error about each file")
    first = desk.fire("bystander")["reason"]
    names = {p["name"] for p in desk.status()["plugins"]}
    assert not names & {s.plugin for s in broken}, "a file that does not load is no plugin"
    for s in loading:
        (desk.path / "strategies" / f"{s.name}.lua").unlink()
    desk.add("newcomer", "return action.noop('here')")
    desk.wait_until(lambda s: {p["name"] for p in s["plugins"]} == {"bystander", "newcomer"}, 90, "the files to be gone")
    assert desk.fire("newcomer")["reason"] == "here"
    assert desk.fire("bystander")["reason"] == first
    assert desk.status()["workers"][0]["restarts"] == 0
    desk.stop()
    ticks, late = check_bystander(desk, 2)
    print(f"{len(loading)} files; the bystander ticked {ticks} times, at most {late} ms late")
    assert late < 1000 * PATIENCE


def test_hostile_files_are_refused_by_check_all_at_once(desk):
    desk_with_bystander(desk, hard_ms=int(300 * PATIENCE))
    loading = [s for s in ALL if not s.loads]
    for s in loading:
        desk.write(f"strategies/{s.name}.lua", "").write_bytes(s.source)
    answer = desk.cli("check", "--json", timeout=120)
    assert answer.code == CONFIGURATION
    said = {}
    for p in answer.json["problems"]:
        said.setdefault(p["file"], []).append(p["message"])
    for s in loading:
        messages = " ".join(said.get(f"strategies/{s.name}.lua", []))
        if not any(e.startswith("OK") for e in s.expect):
            assert messages, f"{s.name} was accepted"
            assert s.says in messages, (s.name, s.says, messages)
    assert "strategies/bystander.lua" not in said


@pytest.mark.parametrize("number", [12])
def test_many_memory_bombs_at_once_stay_within_the_worker_s_means(desk, number):
    desk_with_bystander(desk)
    bombs = [s for s in ALL if s.expect == ["MEMORY"]][:number]
    for s in bombs:
        desk.write(f"strategies/{s.name}.lua", "").write_bytes(s.source)
    desk.start("--log-level", "error")
    for _ in range(4):
        for s in bombs:
            desk.ask("fire", plugin=s.plugin, wait=False)
    desk.wait_until(lambda s: s["counters"]["failed"] + s["counters"]["skipped"] == 4 * number, 60, "the bombs' end")
    assert [desk.fire("bystander")["status"] for _ in range(3)] == ["noop"] * 3
    assert desk.status()["workers"][0]["restarts"] == 0
    desk.stop()
    check_bystander(desk, 3)
