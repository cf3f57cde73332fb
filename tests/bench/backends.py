"""(g) Every state backend beside the others: what the choosing guide in docs/state.md shows.

For each store, with the journal in SQLite (synchronous=FULL) unless the store's name says that it has the journal, too:
  ticks_per_s            100 plugins with eight schedules each, a csv feed at speed "max": 800 ticks are due at each
                         instant, so that there is always something to commit
  single_ticks_per_s     the same with group_commit = 1: one commit per tick and store
  one_plugin_ticks_per_s one plugin: each tick waits for its own commits before the clock moves on
  p50_ms, p99_ms         from trigger to committed: ten plugins every 10 ms on the real clock, 1,000 ticks a second
and, from state_bench, the store alone: a durable write, a write in a group of 100, a row read.
The servers are real ones with their default durability, on this machine's loopback and disk, one at a time.
A store whose server is not installed is left out, and the document says so.
"""
import json
import subprocess
import sys
from pathlib import Path

from desk import Desk, Failure, every, replay
from latency import cron
from ticks import write_feed

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
import servers  # noqa: E402

CONFIG = """return {
  journal = "%(journal)s", state = "%(state)s", workers = 2, group_commit = %(group)d,
  vaults = { v0 = { executor = "paper", quote_balance = 1000000000000 } },
  feeds = { btc = { %(feed)s } },
}
"""
DUE = 8  # ticks of one plugin at an instant: as many as may run at once
CSV = 'kind = "csv", path = "prices.csv", speed = "max"'
SIM = 'kind = "sim", spot = 100000, volatility = 0.6, seed = 7, every_ms = 1000'

SQLITE = "sqlite:data/orrery.db"
JOURNAL = " and the journal"  # ends the names of stores that hold both, in one transaction

# name in the table, how to make its server (None: none is needed), URL without one, options added to the server's URL
STORES = (
    ("memory", None, "memory:", ""),
    ("sqlite, the journal's file", None, "sqlite:data/orrery.db", ""),
    ("sqlite, a file of its own", None, "sqlite:data/state.db", ""),
    ("postgres", lambda: servers.Postgres(), None, ""),
    ("postgres, state" + JOURNAL, lambda: servers.Postgres(), None, ""),
    ("postgres, pool=4", lambda: servers.Postgres(), None, "?pool=4"),
    ("redis, appendfsync everysec", lambda: servers.Redis(), None, ""),
    ("redis, appendfsync always", lambda: servers.Redis({"appendfsync": "always"}), None, ""),
    ("libsql", lambda: servers.Sqld(), None, ""),
)


def configure(desk, place, group, feed):
    state, journal = place
    desk.write("orrery.lua", CONFIG % {"journal": journal, "state": state, "group": group, "feed": feed})


def fresh(place):
    """Without what the last run left in a journal on a server: a replay would go on where that one ended."""
    if place[1] != SQLITE:
        fresh.count += 1
        place = tuple(f"{url}{'&' if '?' in url else '?'}schema=bench{fresh.count}" for url in place)
    return place


fresh.count = 0


def run(binary, folder, place, plugins, ticks, group, due=1):
    """Ticks per second of a replay, verified by the counters of the summary."""
    with Desk(folder) as desk:
        configure(desk, fresh(place), group, CSV)
        desk.add_plugins(plugins, ", ".join([every(1)] * due))
        write_feed(desk, ticks // (plugins * due) + 1)
        status = replay(binary, desk)
    counters = status["counters"]
    if counters["received"] != counters["noop"] or counters["received"] < ticks:
        raise Failure(f"{counters}")
    return round(counters["noop"] / (status["uptime_ms"] / 1000))


def latency(binary, folder, place, seconds):
    with Desk(folder) as desk:
        configure(desk, fresh(place), 1024, SIM)
        desk.add_plugins(10, every(0.01), reason='"due " .. ctx.trigger.scheduled_at')
        return cron(binary, desk, seconds)


def alone(bench, folder, url):
    """The store by itself."""
    if url.startswith("sqlite:"):
        url = f"sqlite:{folder}/alone.db"
    done = subprocess.run([bench, url], capture_output=True, text=True, timeout=120)
    for leftover in Path(folder).glob("alone.db*"):
        leftover.unlink()
    if done.returncode != 0:
        raise Failure(done.stderr.strip())
    return json.loads(done.stdout)


def scaled(binary, folder, place, start, group):
    """A run long enough to mean something: about three seconds at the rate of a short one."""
    short = run(binary, folder, place, 100, start, group, DUE)
    return run(binary, folder, place, 100, max(start, 3 * short), group, DUE)


def one_store(binary, folder, name, url, quick):
    """`quick` measures little, only whether it can be measured."""
    where = folder / "backends"
    place = (url, url if name.endswith(JOURNAL) else SQLITE)
    bench = next(binary.parent.rglob("state_bench"))
    if quick:
        group, single = (run(binary, where, place, 100, 800, size, DUE) for size in (1024, 1))
    else:
        group, single = (scaled(binary, where, place, ticks, size) for ticks, size in ((20_000, 1024), (1_600, 1)))
    solo = run(binary, where, place, 1, 100 if quick else 2_000, 1024)
    waits = latency(binary, where, place, 1 if quick else 5)
    return {"store": name, "ticks_per_s": group, "single_ticks_per_s": single, "group_gain": round(group / single, 1),
            "one_plugin_ticks_per_s": solo, "p50_ms": waits["p50_ms"], "p99_ms": waits["p99_ms"],
            "latency_rate": waits["ticks_per_s"], **alone(bench, folder, url)}


def with_server(make, measure):
    """measure(url) with a fresh server."""
    server = make()
    server.start()
    try:
        return measure(server.url)
    finally:
        server.stop()


def measure(binary, folder, quick=False):
    rows, left_out = [], []
    for name, make, url, more in STORES:
        print(f"  {name} …", file=sys.stderr, flush=True)
        if make is None:
            rows.append(one_store(binary, folder, name, url, quick))
            continue
        try:
            rows.append(with_server(make, lambda at: one_store(binary, folder, name, at + more, quick)))
        except servers.Missing as e:
            left_out.append(f"{name}: {e}")
    return {"stores": rows, "left_out": left_out,
            "least_group_gain": min((r["group_gain"] for r in rows), default=None)}


COLUMNS = ("| store | ticks/s, 100 plugins | with one commit per tick | ticks/s, 1 plugin | p50 | p99 | a write alone | "
           "in a group of 100 | a row read |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|")


def markdown(result):
    """The table of docs/state.md."""
    lines = [f"| {r['store']} | {r['ticks_per_s']:,} | {r['single_ticks_per_s']:,} ({r['group_gain']:g}×) "
             f"| {r['one_plugin_ticks_per_s']:,} | {r['p50_ms']:.1f} ms | {r['p99_ms']:.1f} ms "
             f"| {r['write_p50_us']:,.0f} µs | {r['group_us']:.1f} µs | {r['read_us']:.2f} µs |"
             for r in result["stores"]]
    return "\n".join([COLUMNS, *lines])


def main():
    build = Path(sys.argv[1]).resolve()
    folder = build / "bench-desks"
    folder.mkdir(exist_ok=True)
    result = measure(build / "orrery", folder)
    print(json.dumps(result, indent=2))
    print()
    print(markdown(result))


if __name__ == "__main__":
    main()
