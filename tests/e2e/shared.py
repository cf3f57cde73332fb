"""Desks whose state is on a server, and what must be true of them however often the server or a daemon went away.

The strategies here count: ctx.state.n grows by one with each decide(), and the reason of the run says the number. So each
run's number is known from its record, and the state on the server from `orrery state get`.
"""
import re
import time

from support import COUNT, every

# What a server is, for the URL: enough connections for the test, timeouts that a test can wait for.
OPTIONS = "connect_timeout=2s&timeout=4s"


def url(server, more=""):
    return f"{server.url}?{OPTIONS}{more}"


def on_server(server, more="", local="local"):
    """The state setting: everything on the server, but what is named `local`… in the journal's database."""
    return (f'function(name) if name:sub(1, {len(local)}) == "{local}" then return "sqlite:data/orrery.db" end '
            f'return "{url(server, more)}" end')


def add_counters(desk, names, seconds=0.02, more=""):
    for name in names:
        desk.add(name, COUNT, every(seconds), more=more)


def numbers(*desks, plugin):
    """The numbers that the decided runs of a plugin say, of all desks, in order of their ids."""
    rows = [row for desk in desks for row in
            desk.rows("SELECT id, reason FROM runs_v WHERE plugin = ? AND status = 'noop' ORDER BY id", plugin)]
    return [int(re.fullmatch(r"n=(\d+)", reason).group(1)) for _, reason in sorted(tuple(r) for r in rows)]


def first_break(ns):
    at = next((i for i, n in enumerate(ns) if n != i + 1), len(ns))
    return f"{len(ns)} runs; number {at + 1} says {ns[max(0, at - 3):at + 4]}"


def stored(desk, plugin):
    """n on the server, asked with no daemon running."""
    answer = desk.cli("state", "get", plugin, "n", "--json")
    assert answer.code == 0, answer
    return answer.data["value"]


def check_exactly_once(*desks, plugins):
    """No tick lost and none repeated: the runs say 1, 2, 3 … without a gap, and the state is the last number. The
    daemons have ended in order."""
    for plugin in plugins:
        ns = numbers(*desks, plugin=plugin)
        assert ns == list(range(1, len(ns) + 1)), f"{plugin}: {first_break(ns)}"
        assert stored(desks[0], plugin) == len(ns), plugin


def accounted(counters):
    """Every trigger is an ended run, or open."""
    ended = sum(counters[s] for s in ("noop", "completed", "rejected", "failed", "cancelled", "skipped"))
    return counters["received"] == ended + counters["running"] + counters["queued"]


def store_of(status, server):
    return next(s for s in status["stores"] if f":{server.port}" in s["url"])


def ticks(status, plugin):
    return next(p for p in status["plugins"] if p["name"] == plugin)["counters"]["noop"]


def rate(desk, plugins, seconds=1.0):
    """Decided ticks per second and plugin, measured."""
    before, start = desk.status(), time.monotonic()
    time.sleep(seconds)
    after, took = desk.status(), time.monotonic() - start
    return [(ticks(after, p) - ticks(before, p)) / took for p in plugins]
