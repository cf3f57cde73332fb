"""One owner: two daemons, on desks of their own, share a server. A plugin runs in one of them."""
import re
import shutil
import signal
import time

from shared import accounted, add_counters, check_exactly_once, first_break, numbers, on_server, rate, store_of, stored, ticks
from support import COUNT, ERROR, PATIENCE, every, strategy, wait_until

LEASE = 1.0
NAMES = ["p0", "p1", "p2"]

# Half of its decisions have an effect on the vault: nothing of a refused one may be executed.
TRADE = """
    local n = ctx.state:get_or_default("n", 0) + 1
    ctx.state:set("n", n)
    ctx.log:info("n", { n = n })
    if n % 2 == 0 then return action.vault.pm_deposit { amount = 1000000 + n } end
    return action.noop("n=" .. n)
"""


def make(desk, server, names=NAMES, lease=LEASE, more=""):
    desk.configure(state=on_server(server, more), more=f'lease = "{lease:g}s"')
    add_counters(desk, names)
    return desk


def names_desk(text, desk):
    """Whether the text names the desk as the owner: by the end of its path, which may be shortened, and its process."""
    return str(desk.path)[-40:] in text and (desk.process is None or f"(pid {desk.process.pid})" in text)


def health(desk, names=NAMES):
    return {p["name"]: p["health"] for p in desk.status()["plugins"] if p["name"] in names}


def runs_all(status, names=NAMES):
    return all(p["health"] == "healthy" and p["lease"] for p in status["plugins"] if p["name"] in names)


def stands_by(status, names=NAMES):
    return all(p["health"] == "standby" for p in status["plugins"] if p["name"] in names)


def one_owner_each(a, b, names=NAMES):
    one, other = health(a, names), health(b, names)
    return all({one[p], other[p]} == {"healthy", "standby"} for p in names)


def pair(desks, server, names=NAMES, lease=LEASE, more=""):
    """The first runs everything, the second stands by."""
    a, b = make(desks("a"), server, names, lease, more), make(desks("b"), server, names, lease, more)
    a.start("--log-level", "warn")
    a.wait_until(lambda s: runs_all(s, names) and all(ticks(s, p) > 5 for p in names), what="ticks of the first")
    b.start("--log-level", "warn")
    b.wait_until(lambda s: stands_by(s, names), what="the second to stand by")
    return a, b


def test_only_one_runs_and_the_other_says_who(desks, server):
    a, b = pair(desks, server)
    time.sleep(3 * LEASE)  # renewals
    assert runs_all(a.status()) and stands_by(b.status())
    status = b.wait_until(lambda s: s if s["counters"]["skipped"] > 50 else None, what="skipped triggers")
    assert accounted(status["counters"])
    for p in status["plugins"]:
        assert names_desk(p["reason"], a), p
        assert p["lease"] is None and p["counters"]["noop"] == 0
    text = b.cli("status").out
    assert f"pid {a.process.pid}" in text and "standby" in text, text
    run = b.cli("runs", "--limit", "1", "--json").data[0]
    assert run["status"] == "skipped" and "another daemon runs this strategy" in run["reason"]
    assert names_desk(run["reason"], a)

    # What is done from outside goes to the one that runs it.
    answer = b.cli("state", "set", "p0", "n", "1000", "--json")
    assert answer.code == ERROR and answer.json["code"] == "STORE_FENCED" and names_desk(answer.json["message"], a)
    assert b.cli("state", "delete", "p0", "n", "--json").json["code"] == "STORE_FENCED"
    assert b.cli("state", "get", "p0", "n", "--json").data["value"] > 5, "reading is free"
    fired = b.fire("p1")
    assert fired["status"] == "skipped" and names_desk(fired["reason"], a)
    a.stop()
    b.stop()
    check_exactly_once(a, b, plugins=NAMES)


def test_both_start_at_once_on_an_empty_server(desks, server):
    """Each makes what it finds missing there, and each wants to run everything."""
    pair = [make(desks(name), server) for name in "ab"]
    for desk in pair:
        desk.start("--log-level", "warn", wait=False)
    for desk in pair:
        desk.wait_ready()
    a, b = pair
    wait_until(lambda: one_owner_each(a, b), 30, "one owner each")
    wait_until(lambda: all(ticks(a.status(), p) + ticks(b.status(), p) > 10 for p in NAMES), what="ticks")
    a.stop()
    b.stop()
    check_exactly_once(a, b, plugins=NAMES)


def test_a_clean_stop_hands_over_at_once(desks, server):
    a, b = pair(desks, server, lease=9)
    a.stop()
    began = time.monotonic()
    b.wait_until(lambda s: runs_all(s) and all(ticks(s, p) > 0 for p in NAMES), 30, "the second to take over")
    took = time.monotonic() - began
    print(f"{server.name}: handed over after {took:.2f} s with a lease of 9 s")
    assert took < 2 * PATIENCE, took
    b.stop()
    check_exactly_once(a, b, plugins=NAMES)


def test_a_sleeper_is_taken_over_and_its_commits_are_refused(desks, server):
    a, b = pair(desks, server)
    for desk in (a, b):
        desk.write("strategies/p0.lua", strategy("p0", TRADE, every(0.02)))
        desk.ask("reload")
    a.wait_until(lambda s: ticks(s, "p0") > 5, what="trades")
    a.signal(signal.SIGSTOP)
    began = time.monotonic()
    b.wait_until(lambda s: runs_all(s) and all(ticks(s, p) > 0 for p in NAMES), 30, "the second to take over")
    took = time.monotonic() - began
    print(f"{server.name}: taken over {took:.2f} s after the owner was stopped, with a lease of {LEASE} s")
    assert 0.4 * LEASE < took < 4 * LEASE * PATIENCE
    before = {p: stored_live(b, p) for p in NAMES}
    a.signal(signal.SIGCONT)
    status = a.wait_until(lambda s: s if stands_by(s) else None, what="the sleeper to stand by")
    assert names_desk(status["plugins"][0]["reason"], b)
    assert "taken it over" in a.log()
    b.wait_until(lambda s: all(ticks(s, p) > 20 for p in NAMES), what="more ticks")
    assert all(stored_live(b, p) > before[p] for p in NAMES)
    assert stands_by(a.status())
    a.stop()
    b.stop()
    check_exactly_once(a, b, plugins=["p1", "p2"])
    check_trades(a, b)
    refused = a.rows("SELECT plugin, error, actions FROM runs_v WHERE status = 'failed'")
    assert all("STORE_FENCED" in r["error"] and "another daemon" in r["error"] for r in refused)
    print(f"{server.name}: {len(refused)} decisions of the sleeper were refused")


def forget_leases(server):
    """As a replica that takes over, or a restored backup, does not know the last of them."""
    if server.name == "redis":
        server.cli("DEL", *(f"orrery:lease:{name}" for name in NAMES))
    else:
        server.sql("DELETE FROM plugin_lease")


def test_a_lease_that_the_server_lost_is_not_the_sleepers_again(desks, server):
    a, b = pair(desks, server)
    a.signal(signal.SIGSTOP)
    forget_leases(server)
    b.wait_until(lambda s: runs_all(s) and all(ticks(s, p) > 5 for p in NAMES), 30, "the second to take over")
    a.signal(signal.SIGCONT)
    a.wait_until(stands_by, what="the sleeper to stand by")
    assert runs_all(b.status())
    a.stop()
    b.stop()
    check_exactly_once(a, b, plugins=NAMES)


def stored_live(desk, plugin):
    return desk.cli("state", "get", plugin, "n", "--json").data["value"]


def check_trades(*desks):
    """The numbers said by what took effect are 1..N over both; each vault's money is that of its own runs."""
    said = []
    for desk in desks:
        spent = 0
        for r in desk.rows("SELECT id, status, logs FROM runs_v WHERE plugin = 'p0' AND logs IS NOT NULL "
                           "AND status IN ('noop', 'completed')"):
            n = int(re.search(r'"n": ?(\d+)', r["logs"]).group(1))
            said.append(n)
            spent += 1000000 + n if r["status"] == "completed" else 0
        account = desk.rows("SELECT * FROM vault_accounts")
        assert int(account[0]["pm"]) == spent if account else spent == 0, "what was refused was not executed"
    assert len(said) == len(set(said)), "a number twice"
    # p0 counted without a log line before it was reloaded.
    rest = {n for desk in desks for n in
            (int(r["reason"][2:]) for r in desk.rows("SELECT reason FROM runs_v WHERE plugin = 'p0' AND status = 'noop'"))}
    whole = sorted(rest | set(said))
    assert whole == list(range(1, len(whole) + 1)), first_break(whole)
    assert stored(desks[0], "p0") == len(whole)


def test_both_again_and_again(desks, server):
    """The daemons are stopped and continued in turn: the work goes to and fro, and no number is said twice."""
    a, b = pair(desks, server)
    awake, asleep = b, a
    for _ in range(4):
        asleep.signal(signal.SIGSTOP)
        awake.wait_until(runs_all, 30, "a take-over")
        at = {p: ticks(awake.status(), p) for p in NAMES}
        awake.wait_until(lambda s: all(ticks(s, p) > at[p] + 5 for p in NAMES), what="ticks")
        asleep.signal(signal.SIGCONT)
        asleep.wait_until(stands_by, 30, "the other to stand by")
        awake, asleep = asleep, awake
    for desk in (a, b):
        assert accounted(desk.status()["counters"])
    a.stop()
    b.stop()
    check_exactly_once(a, b, plugins=NAMES)


def test_a_killed_owner_takes_its_own_leases_at_once(desks, server):
    a, b = pair(desks, server, lease=20)
    a.kill()
    began = time.monotonic()
    a.start("--log-level", "warn")
    a.wait_until(lambda s: runs_all(s) and all(ticks(s, p) > 0 for p in NAMES), what="the owner to go on")
    took = time.monotonic() - began
    print(f"{server.name}: the killed owner went on after {took:.2f} s, with a lease of 20 s")
    assert took < 5 * PATIENCE
    assert stands_by(b.status())
    a.stop()
    b.stop()
    # Killed, it may have lost the records of ticks whose state was durable: none is said twice.
    for p in NAMES:
        ns = numbers(a, b, plugin=p)
        assert len(set(ns)) == len(ns) and stored(a, p) == max(ns)


def test_the_copy_of_a_desk_is_another_desk(desks, server, tmp_path):
    a = make(desks("a"), server, lease=5)
    a.start()
    a.wait_until(runs_all, what="the first to run")
    a.stop()
    shutil.copytree(a.path, tmp_path / "b")
    b = desks("b")
    b.start()
    b.wait_until(runs_all, 30, "the copy to run")
    a.start()
    a.wait_until(stands_by, 30, "the first to stand by")
    time.sleep(6)  # longer than a lease
    assert runs_all(b.status()) and stands_by(a.status())
    assert names_desk(a.plugin("p0")["reason"], b)
    a.stop()
    b.stop()


def test_several_connections(desks, server):
    names = [f"p{i}" for i in range(12)]
    a, b = pair(desks, server, names, more="&pool=4")
    stores = [s for s in a.status()["stores"] if s["role"] == "state"]
    assert 1 < len(stores) <= 4 and all(f":{server.port}" in s["url"] for s in stores)
    assert len({s["connection"] for s in stores}) == len(stores)
    server.kill()
    a.wait_until(lambda s: all(x["state"] == "away" for x in s["stores"] if x["role"] == "state"), 30, "all away")
    server.restart()
    # A lease may have expired meanwhile: then it is the other's.
    a.wait_until(lambda s: all(x["state"] == "working" for x in s["stores"]), 30, "all back")
    wait_until(lambda: one_owner_each(a, b, names), 30, "one owner each")
    a.signal(signal.SIGSTOP)
    b.wait_until(lambda s: runs_all(s, names), 30, "the second to take over")
    a.signal(signal.SIGCONT)
    a.wait_until(lambda s: stands_by(s, names), 30, "the first to stand by")
    a.stop()
    b.stop()
    check_exactly_once(a, b, plugins=names)


def test_the_server_goes_away_from_both(desks, server):
    """Nobody can renew: who was the owner goes on when it is back, or the other one does; never both."""
    a, b = pair(desks, server)
    server.kill()
    for desk in (a, b):
        desk.wait_until(lambda s: store_of(s, server)["state"] == "away", 30, "the store away")
    time.sleep(1.5 * LEASE)
    server.restart()
    wait_until(lambda: one_owner_each(a, b), 30, "one owner each")
    before = {p: ticks(a.status(), p) + ticks(b.status(), p) for p in NAMES}
    wait_until(lambda: all(ticks(a.status(), p) + ticks(b.status(), p) > before[p] + 5 for p in NAMES), what="ticks")
    a.stop()
    b.stop()
    check_exactly_once(a, b, plugins=NAMES)


def test_removal_releases_and_reload_in_standby(desks, server):
    a, b = pair(desks, server, lease=20)
    (a.path / "strategies" / "p0.lua").unlink()
    a.ask("reload")
    b.wait_until(lambda s: runs_all(s, ["p0"]) and ticks(s, "p0") > 5, 30, "the removed one to run elsewhere")
    assert stands_by(b.status(), ["p1", "p2"])
    b.write("strategies/p1.lua", strategy("p1", COUNT.replace('"n="', '"new n="'), every(0.02)))
    b.ask("reload")
    assert stands_by(b.status(), ["p1", "p2"])
    a.stop()
    b.wait_until(lambda s: runs_all(s), 60, "the rest")
    wait_until(lambda: b.rows("SELECT 1 FROM runs_v WHERE reason LIKE 'new n=%'"), what="the new version")
    b.stop()
    check_exactly_once(a, b, plugins=["p0", "p2"])


def test_a_dry_run_needs_no_lease(desks, server):
    a, b = make(desks("a"), server), make(desks("b"), server)
    a.start("--log-level", "warn")
    a.wait_until(lambda s: runs_all(s) and all(ticks(s, p) > 5 for p in NAMES), what="ticks")
    b.start("--dry-run")
    b.wait_until(lambda s: all(ticks(s, p) > 5 for p in NAMES), what="ticks of the dry run")
    assert runs_all(a.status()) and all(p["lease"] is None for p in b.status()["plugins"])
    answer = b.cli("state", "set", "p0", "n", "0", "--json")
    assert answer.code == ERROR and "dry run" in answer.json["message"]
    b.stop()
    assert min(rate(a, NAMES)) > 10
    a.stop()
    check_exactly_once(a, plugins=NAMES)
