"""(e) From the start of the process to the first committed tick.

A new desk, without a database, with one plugin that is due every 10 ms. The clock starts before the process is
spawned and stops when the line of its first decision is read, which is printed when its commit is durable.
"""
import statistics

from desk import Daemon, Desk, Failure, every


def one(binary, desk):
    desk.forget()
    with Daemon(binary, desk, lines=True) as daemon:
        for seen, _ in daemon.decisions(20):
            daemon.stop()
            return (seen - daemon.spawned_ns) / 1e6
    raise Failure("no tick within 20 s")


def measure(binary, folder, quick=False):
    with Desk(folder / "first-tick") as desk:
        desk.configure()
        desk.add_plugins(1, every(0.01), reason='"due " .. ctx.trigger.scheduled_at')
        times = sorted(one(binary, desk) for _ in range(3 if quick else 10))
    return {"ms": round(statistics.median(times), 1), "runs_ms": [round(t, 1) for t in times]}
