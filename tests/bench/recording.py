"""(j) What the record of a decision costs: durable ticks per second and bytes per run at each recording level.

The desk of (a), 100 plugins, whose ticks read two keys of state and write one or two. The levels take turns, so that
what else the machine does hurts them alike; the ratio is that of the medians. Bytes are those of the whole database
after the daemon's end, by the runs in it: snapshots, which many runs share, and state included.
"""
import os
import statistics

import ticks
from desk import Desk, every, replay

LEVELS = ("off", "decisions", "full")


def one(binary, folder, level, count, plugins=100):
    with Desk(folder) as desk:
        desk.configure(vaults=2, feed='kind = "csv", path = "prices.csv", speed = "max"', more=f'recording = "{level}",')
        desk.add_plugins(plugins, every(1), vaults=2)
        ticks.write_feed(desk, count // plugins + 1)
        status = replay(binary, desk)
        ticks.verify(desk, status, plugins)
        size = os.path.getsize(desk.database())
    runs = status["counters"]["noop"]
    return {"ticks_per_s": round(runs / (status["uptime_ms"] / 1000)), "bytes_per_run": round(size / runs)}


def measure(binary, folder, quick=False):
    count, repeats = (20_000, 1) if quick else (300_000, 3)
    os.makedirs(folder, exist_ok=True)
    rounds = [{level: one(binary, folder / "recording", level, count) for level in LEVELS} for _ in range(repeats)]
    levels = [{"level": level, **{key: round(statistics.median(r[level][key] for r in rounds))
                                  for key in ("ticks_per_s", "bytes_per_run")}} for level in LEVELS]
    rate = {one["level"]: one["ticks_per_s"] for one in levels}
    return {"levels": levels, "rounds": rounds, "full_to_off": round(rate["full"] / rate["off"], 3)}
