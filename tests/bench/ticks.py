"""(a) Durable ticks per second.

A csv feed with one row per second at speed "max": the desk's clock jumps to the next second as soon as every tick of
this one has been decided, so each second of data is one tick of each plugin. Journal and state are one SQLite file,
WAL with synchronous=FULL (sqlite_db.h); what has been decided while the last commit ran shares the next one. The time
is the daemon's own: from its start, loading included, to the moment when the last commit is on the disk.
"""
import os
import sqlite3
import statistics
import time
from contextlib import closing

from desk import Desk, Failure, every, replay

START = 1700000000


def write_feed(desk, rows):
    lines = ["timestamp,close"] + [f"{START + i},{100000 + i % 100}" for i in range(rows)]
    desk.write("prices.csv", "\n".join(lines) + "\n")


def verify(desk, status, plugins):
    """The figure counts only if every tick is in the journal and its writes are in the state; what SQLite says."""
    ticks = status["counters"]["received"]
    with closing(sqlite3.connect(f"file:{desk.database()}?mode=ro", uri=True)) as db:
        runs = db.execute("SELECT count(*) FROM runs").fetchone()[0]
        counted = db.execute("SELECT sum(value) FROM plugin_state WHERE key = 'count'").fetchone()[0]
        keys = db.execute("SELECT count(*) FROM plugin_state").fetchone()[0]
        mode = db.execute("PRAGMA journal_mode").fetchone()[0]
    if not (runs == counted == ticks == status["counters"]["noop"]) or keys != 2 * plugins or mode != "wal":
        raise Failure(f"{ticks} ticks received, {runs} runs and {counted} counted on disk, {keys} keys, {mode}")


def one(binary, folder, plugins, ticks):
    with Desk(folder) as desk:
        desk.configure(vaults=2, feed='kind = "csv", path = "prices.csv", speed = "max"')
        desk.add_plugins(plugins, every(1), vaults=2)
        write_feed(desk, ticks // plugins + 1)
        status = replay(binary, desk)
        verify(desk, status, plugins)
    seconds = status["uptime_ms"] / 1000
    store = status["stores"][0]
    return {
        "ticks": status["counters"]["noop"],
        "seconds": seconds,
        "ticks_per_s": round(status["counters"]["noop"] / seconds),
        "ticks_per_commit": round(store["ticks"] / store["commits"], 1),
    }


def sync_us(folder, count=50):
    """What one write and fdatasync costs on this disk: the price of a commit that shares nothing."""
    path = os.path.join(folder, "sync-probe")
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    times = []
    try:
        for _ in range(count):
            begin = time.perf_counter_ns()
            os.write(fd, b"x" * 4096)
            os.fdatasync(fd)
            times.append(time.perf_counter_ns() - begin)
    finally:
        os.close(fd)
        os.unlink(path)
    return round(statistics.median(times) / 1000, 1)


def measure(binary, folder, quick=False):
    ticks, repeats = (40_000, 1) if quick else (500_000, 3)
    os.makedirs(folder, exist_ok=True)
    runs = [one(binary, folder / "ticks", 100, ticks) for _ in range(repeats)]
    many = one(binary, folder / "ticks-1000", 1000, ticks)
    return {
        "ticks_per_s": statistics.median(r["ticks_per_s"] for r in runs),
        "plugins": 100,
        "synchronous": "FULL",
        "journal_mode": "wal",
        "runs": runs,
        "ticks_per_s_1000_plugins": many["ticks_per_s"],
        "disk_sync_us": sync_us(folder),
    }
