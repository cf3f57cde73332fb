"""(h) What retention costs the ticks beside it: from trigger to committed, at 1,000 ticks per second, while nothing is
removed and while old runs leave the journal as fast as they may; and (i) how long a filtered page of a large journal
takes.

Three rounds of each, on one journal that journal_bench has filled, so that there is always more to remove: the median
of each percentile counts. Only what was due while a round of retention ran counts as "while". `removed_per_s` is the
speed beside the ticks, `idle_removed_per_s` the one of a desk without any.

By itself, with a server for the journal:
    python3 tests/bench/retention.py BUILD_FOLDER [--url postgres://…] [--runs N]
"""
import json
import os
import subprocess
import sys
import time
from pathlib import Path

from desk import Daemon, Desk, Failure, every
from latency import percentiles

CONFIG = """return {
  journal = "%(url)s", state = "%(url)s", workers = 2, summary_every = 0,
  retention = { runs = %(keep)d, every = "%(every)s" },
  vaults = { v0 = { executor = "paper", quote_balance = 1000000000000 } },
  feeds = { btc = { kind = "sim", spot = 100000, volatility = 0.6, seed = 7, every_ms = 1000 } },
}
"""
LOCAL = "sqlite:data/orrery.db"
KEEP = 1000


def bench_program(build):
    return build / "tests" / "bench" / "journal_bench"


def fill(build, desk, url, runs):
    """A journal with so many old runs; for a server it must be empty."""
    (desk.path / "data").mkdir(exist_ok=True)
    where = ["--file", desk.database()] if url == LOCAL else ["--url", url, "--clone", "20"]
    done = subprocess.run([bench_program(build), "--runs", str(runs), "--rounds", "1", *where],
                          capture_output=True, text=True, timeout=1200)
    if done.returncode != 0:
        raise Failure(f"journal_bench ended with {done.returncode}: {done.stderr[-500:]}")


def ticks(binary, desk, seconds, removing):
    """Latencies of what was due; with `removing`, while retention runs, and how much that removed."""
    latencies, begun, ended, removed = [], None, None, 0
    offset = time.time_ns() - time.monotonic_ns()
    with Daemon(binary, desk, lines=True) as daemon:
        for _ in daemon.decisions(1):
            pass
        while removing:
            before = daemon.ask("status")["retention"]
            if before["running"] and before["removed"] > 0:
                break
            for _ in daemon.decisions(0.05):
                pass
        begun = time.monotonic_ns()
        for seen, line in daemon.decisions(seconds):
            due = int(line.rsplit(None, 1)[-1]) * 1_000_000 - offset
            if due >= begun:
                latencies.append(seen - due)
        ended = time.monotonic_ns()
        if removing:
            after = daemon.ask("status")["retention"]
            removed = after["removed"] - before["removed"]
            if not after["running"]:
                raise Failure(f"retention ended while it was measured: {after}: fill more runs")
        daemon.stop()
    if not latencies:
        raise Failure("no decision was seen")
    return {**percentiles(latencies), "removed_per_s": round(removed / (ended - begun) * 1e9)}


def removal_alone(binary, desk, seconds):
    """Runs per second that go on a desk that does nothing else."""
    with Daemon(binary, desk) as daemon:
        deadline = time.monotonic() + 30
        while (before := daemon.ask("status")["retention"])["removed"] == 0:
            if time.monotonic() > deadline:
                raise Failure("retention does not begin")
            time.sleep(0.01)
        begin = time.monotonic()
        time.sleep(seconds)
        after = daemon.ask("status")["retention"]
        rate = (after["removed"] - before["removed"]) / (time.monotonic() - begin)
        daemon.stop()
    return round(rate) if after["running"] else None


def median(rounds, key):
    return sorted(r[key] for r in rounds)[len(rounds) // 2]


def compare(build, binary, desk, url, runs, seconds, count):
    rounds = {"idle": [], "removing": []}
    fill(build, desk, url, runs)
    desk.add_plugins(10, every(0.01), reason='"due " .. ctx.trigger.scheduled_at')
    for _ in range(count):
        for name, every_ in (("idle", "0s"), ("removing", "1s")):
            desk.write("orrery.lua", CONFIG % {"url": url, "keep": KEEP, "every": every_})
            rounds[name].append(ticks(binary, desk, seconds, name == "removing"))
    for path in (desk.path / "strategies").glob("*.lua"):
        path.unlink()
    desk.add_plugins(1, '{ kind = "manual" }')
    alone = removal_alone(binary, desk, seconds / 2)
    idle, removing = (median(rounds[n], "p99_ms") for n in ("idle", "removing"))
    return {"runs": runs, "idle_p99_ms": idle, "removing_p99_ms": removing, "ratio": round(removing / idle, 2),
            "idle_p50_ms": median(rounds["idle"], "p50_ms"), "removing_p50_ms": median(rounds["removing"], "p50_ms"),
            "removed_per_s": median(rounds["removing"], "removed_per_s"), "idle_removed_per_s": alone,
            "rounds": rounds}


def pages(build, runs, rounds):
    done = subprocess.run([bench_program(build), "--runs", str(runs), "--rounds", str(rounds)], capture_output=True,
                          text=True, timeout=1200, env={**os.environ, "TMPDIR": str(build)})
    if done.returncode != 0:
        raise Failure(f"journal_bench ended with {done.returncode}: {done.stderr[-500:]}")
    return json.loads(done.stdout)


def measure(binary, folder, quick=False):
    build = binary.parent
    with Desk(folder / "retention") as desk:
        result = compare(build, binary, desk, LOCAL, 60_000 if quick else 600_000, 2 if quick else 6,
                         1 if quick else 3)
    listed = pages(build, 20_000 if quick else 300_000, 20 if quick else 200)
    return {**result, "pages": listed, "pages_p99_ms": max(entry["p99_ms"] for entry in listed["lists"])}


def main():
    build = Path(sys.argv[1]).resolve()
    options = dict(zip(sys.argv[2::2], sys.argv[3::2]))
    with Desk(build / "bench-retention") as desk:
        print(json.dumps(compare(build, build / "orrery", desk, options.get("--url", LOCAL),
                                 int(options.get("--runs", 600_000)), 6, 3), indent=1))


if __name__ == "__main__":
    main()
