"""What is on record of a decision: enough to decide again. Every way to see something is used by one strategy that
draws what it does next; each of its decisions is executed again and compared. ORRERY_DECISIONS sets how many.
"""
import json
import os
import sqlite3
from contextlib import closing

import pytest

from support import ERROR, NOT_FOUND, OK, every, run, wait_until

DECISIONS = int(os.environ.get("ORRERY_DECISIONS", "100"))

EVERYTHING = """
    local s, draw = ctx.state, math.random(14)
    local n = s:get_or_default("n", 0) + 1
    s:set("n", n)
    local closed = #ctx.lifecycle.closures
    if closed > 0 then s:set("closed", s:get_or_default("closed", 0) + closed) end
    ctx.log:info("drew", { draw = draw, spot = ctx.market.btc.spot })
    if draw == 1 then error("thrown " .. n .. " at " .. ctx.now) end
    if draw == 2 then return nil end
    if draw == 3 then s:set("list" .. n % 3, { n, ctx.market.btc.spot, { deep = ctx.run_id } }) end
    if draw == 4 then s:set_with_ttl("brief", n, 2000) end
    if draw == 5 then s:delete("list" .. n % 3) s:delete("brief") s:delete("never") end
    if draw == 6 then return action.noop(table.concat(s:keys(), " "):sub(1, 400)) end
    if draw == 7 then
      return action.noop(tostring(s:has("brief")) .. tostring(s:get("list1") == nil) .. tostring(s:get("brief")))
    end
    if draw == 8 then return action.emit { topic = "echo", payload = { n = n, spot = ctx.market.btc.spot } } end
    if draw == 9 then
      return action.vault.mint_binary { market_id = "btc:1", strike = 1, is_up = true, quantity = 1 }
    end
    if draw == 10 then
      local ids = {}
      for key, value in pairs(ctx.vault) do ids[#ids + 1] = key .. "=" .. type(value) end
      return action.noop(table.concat(ids, ","):sub(1, 400))
    end
    if draw == 11 then
      return action.noop((ctx.last and ctx.last.outcome or "nothing yet") .. " " .. ctx.trigger.kind .. " " ..
        ctx.params.step .. " " .. closed)
    end
    if draw == 12 then
      for i = 1, 40 do s:set("wide" .. i, ("x"):rep(200)) end
      return action.noop("wide")
    end
    local btc = ctx.market.btc
    local strike = math.floor(btc.spot + math.random(-3, 3) * ctx.params.step) * 1000000000
    return { action.noop("and more"),
             action.vault.mint_binary { market_id = btc.market_id, strike = strike, is_up = math.random(2) == 1,
                                        quantity = math.random(1, 9) * 1000 } }
"""
ECHO = """
    local p = ctx.trigger.payload
    ctx.state:set("heard", (ctx.state:get("heard") or 0) + p.n)
    return action.noop(ctx.trigger.topic .. " " .. p.n .. " " .. p.spot)
"""


def history(desk, rows, more=""):
    """A desk that replays `rows` seconds with markets of 20 s."""
    prices = [f"{1700000000 + i},{100000 + (i * 7919) % 400}" for i in range(rows)]
    desk.write("prices.csv", "\n".join(["timestamp,close", *prices]) + "\n")
    desk.write("orrery.lua", f"""return {{
      journal = "sqlite:data/orrery.db", state = "sqlite:data/orrery.db", health = {{ skip = 1, skip_max = 1 }}, {more}
      vaults = {{ v = {{ executor = "paper", quote_balance = 1000000000000 }} }},
      feeds = {{ btc = {{ kind = "csv", path = "prices.csv", expiry_every = "20s" }} }},
    }}""")


def replay(desk):
    done = run("run", desk.path, "--until-feeds-end", "--quiet")
    assert done.code == OK, done.err


def decided(desk):
    return [r for r in desk.cli("runs", "-n", 1000, "--json").data if r["started_ms"]]


def verify(desk, run_id):
    done = desk.cli("runs", "verify", run_id, "--json")
    return done.code, done.data if done.code == OK or done.json["ok"] else done.json


def tamper(desk, sql, *args):
    with closing(sqlite3.connect(desk.path / "data" / "orrery.db")) as db:
        assert db.execute(sql, args).rowcount >= 1
        db.commit()


def seen_of(desk, run_id):
    return json.loads(desk.value("SELECT seen FROM runs_v WHERE id = ?", number_of(desk, run_id)))


def number_of(desk, run_id):
    """The id as the database has it."""
    digits = "0123456789abcdefghjkmnpqrstvwxyz"
    value = 0
    for c in run_id:
        value = value * 32 + digits.index(c)
    return value


def test_every_decision_is_executed_again_and_is_the_same(desk):
    history(desk, DECISIONS)
    desk.write("lib/steps.lua", "return { step = 100 }\n")
    desk.add("all", EVERYTHING, every(1), head='local steps = require "steps"',
             more='params = { step = { type = "integer", default = steps.step } },')
    desk.add("echo", ECHO, '{ kind = "event", topic = "echo" }')
    replay(desk)
    runs = decided(desk)
    assert len(runs) > DECISIONS * 0.8
    statuses = {r["status"] for r in runs}
    assert {"noop", "completed", "rejected", "failed"} <= statuses, statuses
    assert any(r["plugin"] == "echo" and r["parent"] and r["depth"] == 1 for r in runs)
    for r in runs:
        code, verdict = verify(desk, r["id"])
        assert code == OK and verdict["same"], (r, verdict)


def test_values_at_the_limit_of_nesting(desk):
    """32 levels: with what is put around them, the record, the list of actions and ctx.last have more."""
    deep = "local v = 1 for i = 1, %d do v = { v } end "
    desk.configure()
    desk.add("keeps", deep % 32 + """
        local old = ctx.state:get("deep")
        ctx.state:set("deep", v)
        ctx.log:info("old", { v = v[1] })
        return action.noop(type(old))
    """)
    desk.add("tells", deep % 31 + """
        if ctx.last then return action.noop(ctx.last.actions[1].kind .. " " .. type(ctx.last.actions[1].payload)) end
        return action.emit { topic = "deep", payload = v }
    """)
    desk.start()
    runs = [desk.fire(name) for name in ("keeps", "keeps", "tells", "tells")]
    assert [(r["status"], r["reason"]) for r in runs] == [
        ("noop", "nil"), ("noop", "table"), ("completed", None), ("noop", "emit table")]
    for r in runs:
        code, verdict = verify(desk, r["id"])
        assert code == OK and verdict["same"], (r, verdict)
    assert [line["message"] for line in desk.ask("run_logs", run=runs[1]["id"])["lines"]] == ["old"]
    assert desk.ask("run_show", run=runs[1]["id"])["seen"]["reads"]["deep"]


def test_a_refused_write_is_no_obstacle_when_the_state_has_room(desk):
    desk.configure()
    desk.add("limits", """
        local long = pcall(ctx.state.set, ctx.state, ("k"):rep(300), 1)
        for i = 1, 4096 do ctx.state:set("k" .. i, i) end
        local many = pcall(ctx.state.set, ctx.state, "k0", 1)
        return action.noop(tostring(long) .. " " .. tostring(many))
    """)
    desk.start()
    r = desk.fire("limits")
    code, verdict = verify(desk, r["id"])
    assert r["reason"] == "false false" and code == OK and verdict["same"], (r, verdict)


def test_a_record_that_cannot_be_read_is_said(desk):
    history(desk, 3)
    desk.add("one", 'return action.noop("x")', every(1))
    replay(desk)
    r = decided(desk)[0]
    tamper(desk, "UPDATE runs SET seen = ? WHERE id = ?", '{"reads":{"a":1,"a":2}}', number_of(desk, r["id"]))
    code, answer = verify(desk, r["id"])
    assert code == ERROR and answer["code"] == "STORE_CORRUPT" and "is not what a worker" in answer["message"]


def test_what_was_changed_on_record_is_found(desk):
    history(desk, 12)
    desk.add("count", """
        local n = ctx.state:get_or_default("n", 0) + 1
        ctx.state:set("n", n)
        return action.noop("n=" .. n .. " at " .. ctx.market.btc.spot)
    """, every(1))
    replay(desk)
    runs = decided(desk)
    a, b, c, d, e = (r["id"] for r in runs[:5])
    # What it has decided, what it has written, what it has read, what it has seen.
    tamper(desk, "UPDATE runs SET reason = 'n=77' WHERE id = ?", number_of(desk, a))
    code, verdict = verify(desk, a)
    assert code == ERROR and not verdict["same"]
    assert verdict["difference"]["what"] == "reason" and verdict["difference"]["recorded"] == "n=77"
    done = desk.cli("runs", "verify", a)
    assert done.code == ERROR and "reason" in done.out and "n=77" in done.out

    seen = seen_of(desk, b)
    assert seen["writes"] == {"n": seen["reads"]["n"] + 1} and len(seen["vault"]) == 32
    tamper(desk, "UPDATE runs SET seen = ? WHERE id = ?", json.dumps({**seen, "writes": {"n": 1}}), number_of(desk, b))
    code, verdict = verify(desk, b)
    assert code == ERROR and verdict["difference"]["what"] == "writes"

    seen = seen_of(desk, c)
    tamper(desk, "UPDATE runs SET seen = ? WHERE id = ?", json.dumps({**seen, "reads": {"n": 3.5}}), number_of(desk, c))
    code, verdict = verify(desk, c)
    assert code == ERROR and verdict["difference"]["executed"].startswith("n=4.5 at ")

    digest = seen_of(desk, d)["market"]["btc"]
    market = json.loads(desk.value("SELECT text FROM snapshots_v WHERE digest = ?", digest))
    tamper(desk, "UPDATE snapshots SET text = ? WHERE lower(hex(digest)) = ?", json.dumps({**market, "spot": 5.25}),
           digest)
    code, verdict = verify(desk, d)
    assert code == ERROR and verdict["difference"]["executed"].endswith(" at 5.25")

    tamper(desk, "UPDATE strategy_versions SET content = replace(content, 'n=', 'm=')")
    code, verdict = verify(desk, e)
    assert code == ERROR and verdict["difference"]["executed"].startswith("m=")


def test_what_cannot_be_executed_again_is_said(desk):
    history(desk, 30, more='plugins = { less = { recording = "decisions" }, least = { recording = "off" } },')
    noisy = 'ctx.log:info("line") return action.noop("x")'
    for name in ("full", "less", "least"):
        desk.add(name, noisy, every(5))
    desk.add("skipping", 'error("always")', every(1))
    desk.add("greedy", """
        for i = 1, 5 do ctx.state:set("big" .. i, ("x"):rep(60000)) end
        for i = 1, 5 do ctx.state:get("big" .. i) end
        return action.noop("x")
    """, every(5))
    desk.add("hoarder", """
        if ctx.state:get("big5") then for i = 1, 5 do ctx.state:get("big" .. i) end end
        for i = 1, 5 do ctx.state:set("big" .. i, ("x"):rep(60000)) end
        return action.noop("x")
    """, every(5))
    replay(desk)
    runs = desk.cli("runs", "-n", 1000, "--json").data

    def message(plugin, **what):
        r = next(r for r in runs if r["plugin"] == plugin and all(r[k] == v for k, v in what.items()))
        code, answer = verify(desk, r["id"])
        assert code in (ERROR, NOT_FOUND), answer
        return answer["message"]

    def columns(plugin):
        return desk.rows("SELECT logs, spans, seen, cpu_us FROM runs_v WHERE plugin = ?", plugin)

    assert all(r["logs"] and r["spans"] and r["seen"] for r in columns("full"))
    assert all(r["logs"] and r["spans"] and not r["seen"] for r in columns("less"))
    assert all(not r["logs"] and not r["spans"] and not r["seen"] and r["cpu_us"] is not None for r in columns("least"))
    assert "was not recorded" in message("less") and "was not recorded" in message("least")
    assert "never came to a decide()" in message("skipping", status="skipped")
    assert "read more of ctx.state than is recorded" in message("hoarder")
    assert verify(desk, next(r["id"] for r in runs if r["plugin"] == "greedy"))[0] == OK  # its own writes
    full = next(r["id"] for r in runs if r["plugin"] == "full")
    tamper(desk, "DELETE FROM snapshots")
    code, answer = verify(desk, full)
    assert code == NOT_FOUND and "not kept any more" in answer["message"]
    tamper(desk, "DELETE FROM strategy_versions")
    code, answer = verify(desk, full)
    assert code == NOT_FOUND and "is not known any more" in answer["message"]
    assert desk.cli("runs", "verify", "0000000000001").code == NOT_FOUND


def test_another_standard_library_is_a_warning(desk):
    history(desk, 3)
    desk.add("plain", 'return action.noop("x")', every(1), head='local amount = require "orrery.amount"')
    replay(desk)
    tamper(desk, """UPDATE strategy_versions SET content = json_replace(content, '$.modules[0].orrery', '0.0.9')""")
    done = desk.cli("runs", "verify", decided(desk)[0]["id"])
    assert done.code == OK and done.out.startswith("same\n") and "0.0.9" in done.out


def test_a_running_daemon_is_asked_the_same(desk):
    desk.configure()
    desk.add("count", """
        local n = ctx.state:get_or_default("n", 0) + 1
        ctx.state:set("n", n)
        return action.noop("n=" .. n .. " for " .. ctx.trigger.payload.who)
    """)
    desk.start()
    first = desk.fire("count", {"who": "kim"})
    second = desk.fire("count", {"who": "lee\n\x1b[31m"})
    for r in (first, second):
        code, verdict = verify(desk, r["id"])
        assert code == OK and verdict["same"] and verdict["version"] == 1, verdict
    trace = desk.ask("run_trace", run=second["id"])["spans"]
    assert [s["name"] for s in trace] == ["queue", "decide", "commit"]
    assert all(a["end_us"] >= a["start_us"] for a in trace[:2])
    assert trace[0]["end_us"] == trace[1]["start_us"]
    # The commit's end is written with the next one.
    desk.fire("count", {"who": "x"})
    commit = desk.ask("run_trace", run=second["id"])["spans"][-1]
    assert commit["end_us"] >= commit["start_us"] and commit["status"] == "ok"


def test_a_flood_of_lines_keeps_the_newest(desk):
    desk.configure()
    desk.add("flood", """
        for i = 1, 10000 do ctx.log:debug("line " .. i) end
        ctx.log:warn("a\\27[31mb\\n")
        return action.noop("x")
    """)
    desk.start()
    r = desk.fire("flood")
    logs = desk.ask("run_logs", run=r["id"])["lines"]
    assert len(logs) == 1001 and logs[0]["from"] == "runtime" and "9001 older lines" in logs[0]["message"]
    assert logs[1]["message"] == "line 9002" and logs[-1]["message"] == "a\x1b[31mb\n"
    assert "\x1b" not in desk.cli("runs", "logs", r["id"]).out.replace("\x1b[0m", "")
    assert verify(desk, r["id"])[0] == OK


def test_a_lost_worker_is_on_record(desk):
    desk.configure(workers=1)
    desk.add("slow", """
        local spin = 0
        if ctx.trigger.payload.slow then for i = 1, 3000000 do spin = spin + i end end
        return action.noop("done")
    """)
    desk.start()
    wait_until(lambda: desk.fire("slow", {})["status"] == "noop", what="a first run")
    pid = desk.status()["workers"][0]["pid"]
    done = desk.ask("fire", plugin="slow", payload={"slow": True})
    os.kill(pid, 9)
    ended = wait_until(lambda: (lambda r: r if r["status"] == "noop" else None)(desk.ask("run_show", run=done["run"])),
                       what="the end of the run")
    if ended["attempts"] < 2:
        pytest.skip("the worker was done before it was killed")
    assert any(line["from"] == "runtime" and "dispatched again" in line["message"] for line in ended["logs"])
    assert any(s["name"] == "decide" and s["status"] == "lost" for s in ended["spans"])
    assert verify(desk, ended["id"])[0] == OK


def test_ten_events_deep_and_no_further(desk):
    desk.configure()
    desk.add("chain", 'return action.emit { topic = "next", payload = { n = ctx.trigger.payload.n + 1 } }',
             '{ kind = "manual" }, { kind = "event", topic = "next" }')
    desk.start()
    root = desk.fire("chain", {"n": 0})
    last = wait_until(lambda: next((r for r in desk.ask("runs", limit=50) if r["status"] == "rejected"), None),
                      what="the end of the chain")
    assert last["depth"] == 10 and last["error"]["code"] == "EMIT_DEPTH"
    runs = {r["id"]: r for r in desk.ask("runs", limit=50)}
    assert len(runs) == 11 and desk.value("SELECT count(*) FROM pending") == 0
    at, depth = last, 10
    while at["parent"]:
        at, depth = runs[at["parent"]], depth - 1
        assert at["depth"] == depth
    assert at["id"] == root["id"]
    children = desk.cli("runs", "children", root["id"], "--json").data["runs"]
    assert [r["id"] for r in children] == [i for i, r in runs.items() if r["parent"] == root["id"]]


def test_levels_change_with_a_reload(desk):
    desk.configure(more='recording = "off",')
    desk.add("one", 'return action.noop("x")')
    desk.start()
    assert desk.ask("run_show", run=desk.fire("one")["id"])["seen"] is None
    desk.configure(more='recording = "full",')
    assert desk.ask("reload")["reloaded"][0]["changed"] is False
    shown = desk.ask("run_show", run=desk.fire("one", {"a": 1})["id"])
    assert shown["seen"]["vault"]["id"] == "v" and shown["payload"] == {"a": 1}
    desk.configure(more='recording = "most",')
    done = desk.cli("reload")
    assert done.code != OK and '"full", "decisions" or "off"' in done.err


def test_a_deactivated_strategy_stays_so(desk):
    desk.configure()
    desk.add("one", 'return action.noop("first text")')
    desk.start()
    assert desk.fire("one")["status"] == "noop"
    desk.ask("deactivate", plugin="one")
    skipped = desk.fire("one")
    assert skipped["status"] == "skipped" and "orrery deploy" in skipped["reason"]
    desk.stop()
    desk.start()  # unchanged text
    assert desk.fire("one")["status"] == "skipped"
    desk.ask("reload", plugin="one")
    assert desk.fire("one")["status"] == "skipped"
    deployed = desk.ask("deploy", note="on again", author="kim")["deployed"]
    assert [(d["plugin"], d["number"], d["new"]) for d in deployed] == [("one", 1, False)]
    assert desk.fire("one")["status"] == "noop"
    desk.ask("deactivate", plugin="one")
    desk.add("one", 'return action.noop("second text")')
    desk.ask("reload")  # new text
    assert wait_until(lambda: desk.fire("one")["reason"] == "second text", what="the new version")
    versions = desk.ask("versions_list", plugin="one")["versions"]
    assert [(v["number"], v["note"]) for v in versions] == [(2, "reload"), (1, "start")]


def test_a_deployment_has_its_note(desk):
    desk.configure()
    desk.add("one", 'return action.noop("a")')
    desk.start()
    desk.add("one", 'return action.noop("b")')
    desk.add("two", 'return action.noop("c")')
    deployed = {d["plugin"]: d for d in desk.ask("deploy", note="calmer", author="kim")["deployed"]}
    assert deployed["one"]["number"] == 2 and deployed["one"]["new"] and deployed["two"]["number"] == 1
    for plugin in ("one", "two"):
        newest = desk.ask("versions_list", plugin=plugin)["versions"][0]
        assert newest["note"] == "calmer" and newest["author"] == "kim" and newest["is_current"]
    r = wait_until(lambda: (lambda r: r if r["reason"] == "b" else None)(desk.fire("one")), what="the new version")
    assert r["version"] == deployed["one"]["version"]
    for bad in ({"note": 5}, {"note": "x" * 1025}, {"author": "x" * 129}, {"plugin": "none"}):
        with pytest.raises(AssertionError):
            desk.ask("deploy", **bad)
