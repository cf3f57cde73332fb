"""State on a server that goes away: at the start, while the daemon runs, for good, again and again.

Killed (SIGKILL of every process of the server) it refuses connections; paused (SIGSTOP) it accepts them and is silent.
ORRERY_OUTAGES sets how often the server is killed under load.
"""
import os
import signal
import time

import pytest
import servers

from conftest import started
from shared import accounted, add_counters, check_exactly_once, numbers, on_server, rate, store_of, stored, ticks, url
from support import COUNT, ERROR, OK, PATIENCE, TIMEOUT, every, seeded, wait_until

OUTAGES = int(os.environ.get("ORRERY_OUTAGES") or (10 if os.environ.get("CI") == "true" else 3))
AWAY = [pytest.param(("kill", "restart"), id="killed"), pytest.param(("pause", "resume"), id="paused")]


def away(status, server):
    return store_of(status, server)["state"] != "working"


# ---- at the start ----

def test_down_at_the_start_it_is_waited_for_and_then_given_up(desk, server):
    desk.configure(state=on_server(server))
    add_counters(desk, ["c"])
    server.kill()
    began = time.monotonic()
    answer = desk.cli("run", "--wait-for-state", "2s", "--for", "20s", "--quiet")
    took = time.monotonic() - began
    assert answer.code == ERROR and 1.9 < took < 3 + 2 * PATIENCE, (took, answer)
    assert "waiting for a state store" in answer.err and f":{server.port}" in answer.err
    assert "waited 2." in answer.err and "--wait-for-state" in answer.err, answer.err
    assert answer.err.count("waiting for a state store") < 12, "it waits longer and longer"


def test_silent_at_the_start_is_down(desk, server):
    desk.configure(state=on_server(server))
    add_counters(desk, ["c"])
    server.pause()
    began = time.monotonic()
    answer = desk.cli("run", "--wait-for-state", "1s", "--for", "20s", "--quiet")
    assert answer.code == ERROR and time.monotonic() - began < 12 * PATIENCE
    assert f":{server.port}" in answer.err and "waited" in answer.err, answer.err
    server.resume()


def test_it_starts_when_the_server_does(desk, server):
    desk.configure(state=on_server(server))
    add_counters(desk, ["c"])
    server.kill()
    desk.start("--wait-for-state", "60s", wait=False)
    wait_until(lambda: "waiting for a state store" in desk.log(), what="word that it waits")
    assert desk.process.poll() is None
    server.restart()
    began = time.monotonic()
    desk.wait_ready()
    print(f"{server.name}: ready {time.monotonic() - began:.2f} s after the server")
    assert "the state store is there" in desk.log()
    desk.wait_until(lambda s: ticks(s, "c") > 5, what="ticks")
    desk.stop()
    check_exactly_once(desk, plugins=["c"])


@pytest.mark.parametrize("kind", ["postgres", "redis"])
def test_a_wrong_password_fails_at_once(desk, kind):
    made = servers.Postgres(password="right") if kind == "postgres" else servers.Redis(settings={"requirepass": "right"})
    with started(made) as server:
        wrong = server.url.replace("right", "wr0ng")
        desk.configure(state=f'"{wrong}?connect_timeout=2s"')
        add_counters(desk, ["c"])
        began = time.monotonic()
        answer = desk.cli("run", "--wait-for-state", "30s", "--for", "20s", "--json")
        assert time.monotonic() - began < 5 * PATIENCE
        assert answer.code == ERROR and answer.json["code"] == "STORE_DENIED", answer
        assert "wr0ng" not in answer.out + answer.err and f":{server.port}" in answer.out + answer.err


# ---- while it runs ----

LOCAL, REMOTE = ["local0", "local1"], ["far0", "far1", "far2"]


def mixed(desk, server, more="lease = '60s'"):
    desk.configure(state=on_server(server), more=more)
    add_counters(desk, LOCAL)
    add_counters(desk, REMOTE, more="queue = 20,")
    desk.start("--log-level", "warn")
    desk.wait_until(lambda s: all(ticks(s, p) > 20 for p in LOCAL + REMOTE), what="ticks of all")


@pytest.mark.parametrize("how", AWAY)
def test_lost_while_running(desk, server, how):
    mixed(desk, server)
    before = rate(desk, LOCAL)
    getattr(server, how[0])()
    status = desk.wait_until(lambda s: s if away(s, server) else None, what="the store away")
    store = store_of(status, server)
    assert store["stalled"] and store["stall"] and "password" not in store["stall"]
    paused = {p: ticks(status, p) for p in REMOTE}
    during = rate(desk, LOCAL, 3)
    assert min(during) > 0.8 * min(before), (before, during)

    status = desk.wait_until(lambda s: s if s["counters"]["skipped"] > 10 else None, what="skipped triggers")
    for p in status["plugins"]:
        assert accounted(p["counters"]), p["counters"]
        if p["name"] in REMOTE:
            assert p["waits_for_store"] and p["reason"] == store_of(status, server)["stall"]
            assert p["queued"] <= 20 and p["counters"]["noop"] <= paused[p["name"]] + 2048
    assert accounted(status["counters"])
    if how[0] == "kill":
        assert store_of(status, server)["last_error_code"] == "STORE_DOWN"
    text = desk.cli("status").out
    assert f":{server.port}" in text and "away" in text
    skipped = desk.rows("SELECT plugin, reason FROM runs_v WHERE status = 'skipped'")
    assert skipped and {r["plugin"] for r in skipped} <= set(REMOTE)
    assert all("queue full" in r["reason"] and f":{server.port}" in r["reason"] for r in skipped), skipped[0]["reason"]

    at = {p: ticks(desk.status(), p) for p in REMOTE}
    getattr(server, how[1])()
    began = time.monotonic()
    desk.wait_until(lambda s: not away(s, server) and all(ticks(s, p) > at[p] for p in REMOTE), 30, "ticks again")
    took = time.monotonic() - began
    print(f"{server.name} {how[0]}: {before[0]:.1f}/s before, {during[0]:.1f}/s during, resumed after {took:.2f} s")
    assert took < 4 * PATIENCE
    desk.wait_until(lambda s: all(p["queued"] < 3 for p in s["plugins"]), what="short queues")
    desk.stop()
    assert "works again" in desk.log()
    check_exactly_once(desk, plugins=REMOTE + LOCAL)


def test_killed_again_and_again_under_load(desk, server):
    rng = seeded("outages")
    mixed(desk, server)
    longest = 0
    for _ in range(OUTAGES):
        time.sleep(rng.uniform(0, 0.4))
        server.kill()
        time.sleep(rng.uniform(0, 0.5))
        at = {p: ticks(desk.status(), p) for p in REMOTE}
        server.restart()
        began = time.monotonic()
        desk.wait_until(lambda s: not away(s, server) and all(ticks(s, p) > at[p] for p in REMOTE), 30, "ticks again")
        longest = max(longest, time.monotonic() - began)
    status = desk.wait_until(lambda s: s if all(p["queued"] < 3 for p in s["plugins"]) else None, what="short queues")
    assert accounted(status["counters"])
    desk.stop()
    check_exactly_once(desk, plugins=REMOTE + LOCAL)
    print(f"{server.name}: {OUTAGES} kills, resumed after at most {longest:.2f} s, "
          f"{sum(len(numbers(desk, plugin=p)) for p in REMOTE)} runs")


@pytest.mark.parametrize("postgres", [{"commit_delay": "30000", "commit_siblings": "0"}], indirect=True)
def test_postgresql_killed_in_mid_commit(desk, postgres):
    """A commit takes 30 ms here before it is on disk, and the next one follows at once: nearly every kill hits one."""
    rng = seeded("mid-commit")
    mixed(desk, postgres)
    hits = 0
    for _ in range(max(5, OUTAGES)):
        time.sleep(rng.uniform(0.05, 0.25))
        postgres.kill()
        status = desk.wait_until(lambda s: s if away(s, postgres) else None, what="the store away")
        hits += store_of(status, postgres)["depth"] > 0
        at = {p: ticks(status, p) for p in REMOTE}
        postgres.restart()
        desk.wait_until(lambda s: not away(s, postgres) and all(ticks(s, p) > at[p] for p in REMOTE), 30, "ticks again")
    desk.stop()
    check_exactly_once(desk, plugins=REMOTE + LOCAL)
    print(f"{hits} of {max(5, OUTAGES)} kills had commits under way")
    assert hits > 0


# ---- asked and stopped meanwhile ----

@pytest.mark.parametrize("how", AWAY)
def test_state_commands_while_it_is_away(desk, server, how):
    mixed(desk, server)
    getattr(server, how[0])()
    words = [("set", "far0", "k", "1"), ("get", "far0", "n"), ("keys", "far0"), ("delete", "far0", "n")]
    for i, each in enumerate(words):  # the first may be the one that finds out
        began = time.monotonic()
        answer = desk.cli("state", *each, "--json")
        took = time.monotonic() - began
        assert answer.code == ERROR and answer.json["code"] == "STORE_DOWN", answer
        assert f":{server.port}" in answer.json["message"], answer.json
        assert took < (4 if i == 0 else 1) * PATIENCE, (each, took)
    began = time.monotonic()
    assert desk.cli("state", "get", "local0", "n").code == OK and time.monotonic() - began < 2 * PATIENCE
    assert desk.cli("state", "set", "local0", "k", "5").code == OK
    getattr(server, how[1])()
    desk.wait_until(lambda s: not away(s, server), 30, "the store")
    assert desk.cli("state", "set", "far1", "k", "7").code == OK
    assert desk.cli("state", "get", "far1", "k", "--json").data["value"] == 7
    desk.stop()
    check_exactly_once(desk, plugins=REMOTE + LOCAL)


@pytest.mark.parametrize("how", AWAY)
def test_a_stop_while_it_is_away_ends_in_time(desk, server, how):
    mixed(desk, server)
    getattr(server, how[0])()
    desk.wait_until(lambda s: away(s, server), what="the store away")
    began = time.monotonic()
    desk.signal(signal.SIGTERM)
    code = desk.ended(timeout=20)
    took = time.monotonic() - began
    print(f"{server.name} {how[0]}: exit code {code} after {took:.2f} s")
    assert code in (OK, TIMEOUT) and took < 6 * PATIENCE, (code, took, desk.log())
    assert f":{server.port}" in desk.log().split("stopping")[-1] if code == TIMEOUT else True, desk.log()
    getattr(server, how[1])()
    # What was under way may have reached the server: the state is ahead of the runs, never behind.
    for p in REMOTE:
        ns = numbers(desk, plugin=p)
        assert ns == list(range(1, len(ns) + 1)) and stored(desk, p) >= len(ns)
    check_exactly_once(desk, plugins=LOCAL)
    desk.start()
    desk.wait_until(lambda s: all(ticks(s, p) > 5 for p in REMOTE), what="the next session")
    desk.stop()


@pytest.mark.parametrize("how", AWAY)
def test_a_reload_that_adds_a_store_that_is_away(desk, server, how):
    desk.configure(state=f'function(name) if name == "far" then return "{url(server)}" end '
                         'return "sqlite:data/orrery.db" end')
    add_counters(desk, LOCAL)
    desk.start("--log-level", "warn")
    desk.wait_until(lambda s: all(ticks(s, p) > 20 for p in LOCAL), what="ticks")
    before = rate(desk, LOCAL)
    getattr(server, how[0])()
    desk.add("far", COUNT, every(0.02), more="queue = 5,")
    began = time.monotonic()
    desk.ask("reload")
    assert time.monotonic() - began < 2 * PATIENCE
    during = rate(desk, LOCAL, 2)
    assert min(during) > 0.8 * min(before), (before, during)
    status = desk.wait_until(lambda s: s if away(s, server) else None, what="the store to be known as away")
    assert store_of(status, server)["state"] == "connecting" and desk.plugin("far")["waits_for_store"]
    getattr(server, how[1])()
    desk.wait_until(lambda s: ticks(s, "far") > 10, 30, "ticks of the new one")
    desk.stop()
    check_exactly_once(desk, plugins=["far", *LOCAL])


# ---- a replay ----

def test_a_replay_waits_for_its_store(desk, server):
    """The data's clock stands still meanwhile: nothing is skipped, and each bar is seen once."""
    bars = 4000
    desk.write("bars.csv", "timestamp,close\n" + "".join(f"{1640995200000 + i * 60000},{40000 + i % 100}\n"
                                                         for i in range(bars)))
    desk.write("orrery.lua", f"""return {{
        journal = "sqlite:data/orrery.db", state = "{url(server)}", lease = "2s",
        vaults = {{ v = {{ executor = "paper" }} }},
        feeds = {{ btc = {{ kind = "csv", path = "bars.csv" }} }} }}""")
    desk.add("far", COUNT, '{ kind = "event", topic = "price.btc" }')
    desk.start("--until-feeds-end", "--log-level", "warn")
    seen = 0
    for _ in range(2):
        seen = ticks(desk.wait_until(lambda s: s if ticks(s, "far") > seen + 300 else None, what="bars"), "far")
        server.kill()
        desk.wait_until(lambda s: away(s, server), what="the store away")
        time.sleep(0.3)
        server.restart()
    assert desk.ended(timeout=60) == OK, desk.log()
    assert desk.value("SELECT count(*) FROM runs_v WHERE status <> 'noop'") == 0
    check_exactly_once(desk, plugins=["far"])
    assert len(numbers(desk, plugin="far")) == bars


# ---- expired rows ----

def test_expired_rows_are_swept(desk, server):
    desk.configure(state=on_server(server), more='sweep_every = "1s"')
    desk.add("far", """
        for i = 1, 40 do ctx.state:set_with_ttl("brief" .. i, i, 300) end
        ctx.state:set("kept", true)
        return action.noop("written")
    """)
    desk.start()
    desk.fire("far")
    wait_until(lambda: "expired state rows were removed" in desk.log(), what="a sweep")
    assert "rows=40" in desk.log() or '"rows":"40"' in desk.log(), desk.log()
    assert desk.cli("state", "keys", "far", "--json").data == [{"key": "kept", "expires_at": None}]
    desk.stop()
