"""One plugin misbehaves as badly as it can; twenty others, on the same workers, must not notice."""
import time

import pytest

from support import COUNT, PATIENCE, every

HEALTHY = 20
EVERY_MS = 50

HANG = 'return action.noop(tostring(("a"):rep(30000):find((".-"):rep(40) .. "b")))'


def healthy(desk, workers=2, **settings):
    desk.configure(workers=workers, **settings)
    for i in range(HEALTHY):
        desk.add(f"healthy{i:02}", COUNT, every(EVERY_MS / 1000))


def check_healthy(desk, bound_ms):
    """No tick of a healthy plugin is missing, failed or skipped, and none came later than the bound. Prints the figures."""
    rows = desk.rows("SELECT * FROM runs_v WHERE plugin LIKE 'healthy%' ORDER BY id")
    assert {r["status"] for r in rows} == {"noop"}, [dict(r) for r in rows if r["status"] != "noop"][:3]
    late = sorted(r["finished_at"] - r["scheduled_at"] for r in rows)
    for i in range(HEALTHY):
        mine = [r for r in rows if r["plugin"] == f"healthy{i:02}"]
        due = [r["scheduled_at"] for r in mine]
        gaps = [b - a for a, b in zip(due, due[1:])]
        assert set(gaps) <= {EVERY_MS}, f"healthy{i:02}: {sorted(set(gaps))}"
        assert [r["reason"] for r in mine] == [f"n={n + 1}" for n in range(len(mine))]
        assert desk.state(f"healthy{i:02}") == {"n": len(mine)}
    print(f"{len(rows)} healthy ticks, none lost; from due to ended: p50 {late[len(late) // 2]} ms, "
          f"p99 {late[len(late) * 99 // 100]} ms, greatest {late[-1]} ms")
    assert late[-1] <= bound_ms * PATIENCE, f"a healthy tick ended {late[-1]} ms after it was due"


def beats(desk, number):
    """Waits until every healthy plugin has ended so many ticks more."""
    before = {p["name"]: p["counters"]["noop"] for p in desk.status()["plugins"]}
    desk.wait_until(lambda s: all(p["counters"]["noop"] >= before[p["name"]] + number for p in s["plugins"]
                                  if p["name"].startswith("healthy")), 60, f"{number} healthy ticks each")


@pytest.mark.parametrize("workers", [1, 2])
def test_a_hang_in_c_costs_the_others_a_bounded_delay_and_no_tick(desk, workers):
    healthy(desk, workers)
    desk.add("hang", HANG)
    desk.start()
    beats(desk, 4)
    hung = desk.fire("hang")
    assert hung["status"] == "failed" and hung["error"]["code"] == "DEADLINE"
    culprit = desk.plugin("hang")
    assert culprit["health"] == "quarantined"
    assert "CPU time" in culprit["reason"] and "1000 ms" in culprit["reason"]
    beats(desk, 10)

    later = desk.fire("hang")
    assert later["status"] == "skipped" and later["reason"].startswith("quarantined: ")
    shown = desk.cli("status").out
    assert "quarantined" in shown and "CPU time" in shown
    assert sum(w["restarts"] for w in desk.status()["workers"]) == 1, "one kill, and no more: the culprit was named"

    # A new version gets a new chance.
    desk.add("hang", 'return action.noop("mended")', '{ kind = "manual" }, ' + every(1))
    assert desk.cli("reload", "hang").code == 0
    desk.wait_until(lambda s: any(p["name"] == "hang" and p["counters"]["noop"] for p in s["plugins"]),
                    what="the mended version's first tick")
    assert desk.fire("hang")["reason"] == "mended"
    assert desk.plugin("hang")["health"] == "healthy"
    beats(desk, 4)
    missed = desk.status()["counters"]["missed"]
    desk.stop()
    assert missed == 0
    # One second of CPU time for the culprit, a new worker, and what has queued up meanwhile.
    check_healthy(desk, 6000)


def test_a_reload_of_the_same_file_lifts_the_quarantine_when_asked_for(desk):
    desk.configure(workers=1, more="limits = { hard_ms = 200 },")
    desk.add("hang", 'if not ctx.trigger.payload then ' + HANG + ' end return action.noop("fine")')
    desk.start()
    assert desk.fire("hang")["status"] == "failed"
    assert desk.fire("hang", "x")["status"] == "skipped"
    assert desk.cli("reload", "hang").code == 0
    desk.wait_until(lambda s: s["plugins"][0]["health"] != "quarantined", what="the end of the quarantine")
    run = desk.fire("hang", "x")
    assert run["status"] == "noop", run
    assert desk.plugin("hang")["health"] == "healthy"


def test_a_hang_while_the_file_loads_costs_its_own_plugin_only(desk):
    healthy(desk, 1, more="limits = { hard_ms = 300 },")
    desk.start()
    desk.add("hang", 'return action.noop("x")', head='local x = ("a"):rep(30000):find((".-"):rep(40) .. "b")')
    answer = desk.cli("reload", "--json", timeout=90)
    assert answer.code != 0 and "hang" in answer.out
    beats(desk, 4)
    assert "hang" not in [p["name"] for p in desk.status()["plugins"]]
    desk.stop()
    assert desk.cli("check", timeout=90).code == 4
    check_healthy(desk, 2000)


MISDEEDS = {
    "throws": ('error("always")', "SCRIPT", "always"),
    "throws_table": ('error({ code = 7 })', "SCRIPT", ""),
    "memory": ('local t = {} while true do t[#t + 1] = ("x"):rep(10000) .. #t end', "MEMORY", ""),
    "string_bomb": ('local s = "x" while true do s = s .. s end', "MEMORY", ""),
    "loop": ("while true do end", "DEADLINE", ""),
    "pcall_loop": ("while true do pcall(function() while true do end end) end", "DEADLINE", ""),
    "handler_loop": ("while true do xpcall(error, function() while true do end end) end", "DEADLINE", ""),
    "recursion": ("local function f() return 1 + f() end return f()", "MEMORY", "recursion"),
    "garbage": ("return { 1, 2, print }", "SCRIPT_RESULT", ""),
    "nothing": ("", "SCRIPT_RESULT", ""),
    "global": ("leak = 1", "SCRIPT", "leak"),
    "tamper": ("string.rep = nil", "SCRIPT", ""),
    "bad_state": ('ctx.state:set("k", 0/0)', "SCRIPT", "k"),
}


def test_thirteen_misdeeds_at_once_beside_twenty_healthy_plugins(desk):
    healthy(desk, 1, more=f"limits = {{ soft_ms = {30 * PATIENCE:g} }},")
    for name, (decide, _, _) in MISDEEDS.items():
        desk.add(name, decide, '{ kind = "manual" }, ' + every(0.2))
    desk.start()
    pid = desk.status()["workers"][0]["pid"]
    desk.wait_until(lambda s: all(p["counters"]["failed"] >= 2 for p in s["plugins"] if p["name"] in MISDEEDS), 60,
                    "two failures of each")
    beats(desk, 10)
    status = desk.status()
    assert status["workers"][0]["pid"] == pid and status["workers"][0]["restarts"] == 0, "none of these needs a kill"
    for p in status["plugins"]:
        if p["name"] in MISDEEDS:
            _, code, word = MISDEEDS[p["name"]]
            assert p["health"] == "unhealthy" and p["reason"], p["name"]
            assert p["last_error"]["code"] == code and word in p["last_error"]["message"], p["last_error"]
            assert p["counters"]["skipped"] >= 3, "it skips its next ticks"
            assert p["counters"]["noop"] == p["counters"]["completed"] == 0
    desk.stop()
    check_healthy(desk, 3000)


def test_unhealthy_skips_three_then_six_then_is_healthy_again(desk):
    desk.configure()
    desk.add("moody", """
        if ctx.trigger.payload == "fail" then error("moody") end
        return action.noop("fine")
    """)
    desk.start()
    fired = [desk.fire("moody", "fail")["status"] for _ in range(12)]
    assert fired == ["failed"] + ["skipped"] * 3 + ["failed"] + ["skipped"] * 6 + ["failed"]
    assert desk.plugin("moody")["skip_left"] == 12
    assert [desk.fire("moody")["status"] for _ in range(13)] == ["skipped"] * 12 + ["noop"]
    assert desk.plugin("moody")["health"] == "healthy"
    assert [desk.fire("moody", "fail")["status"] for _ in range(5)] == ["failed"] + ["skipped"] * 3 + ["failed"]


def test_a_throw_keeps_the_state_written_before_it(desk):
    desk.configure()
    desk.add("half", 'ctx.state:set("before", 1) error("now") ctx.state:set("after", 2)')
    desk.start()
    assert desk.fire("half")["status"] == "failed"
    assert desk.state("half") == {"before": 1}


def test_a_full_queue_skips_with_its_reason_and_bounds_are_kept(desk):
    desk.configure(workers=1)
    desk.write("strategies/slow.lua", """
        local action = require "orrery.action"
        return { name = "slow", vault_id = "v", triggers = { { kind = "manual" } }, max_concurrency = 2, queue = 5,
          decide = function(ctx)
            local x = 0
            for i = 1, 3000000 do x = x + i % 3 end
            return action.noop("done")
          end }""")
    desk.start()
    begun = time.monotonic()
    for _ in range(40):
        desk.ask("fire", plugin="slow", wait=False)
        p = desk.plugin("slow")
        assert p["running"] <= 2 and p["queued"] <= 5
    desk.wait_until(lambda s: s["plugins"][0]["queued"] + s["plugins"][0]["running"] == 0, 60, "the queue's end")
    print(f"40 triggers in {time.monotonic() - begun:.2f} s")
    runs = desk.ask("runs", limit=100)
    assert len(runs) == 40
    skipped = [r for r in runs if r["status"] == "skipped"]
    assert skipped and all("queue full" in r["reason"] for r in skipped)
    assert all(r["status"] in ("noop", "skipped") for r in runs)
