"""(f) Kill, respawn and reload of a worker with 100 plugins.

Two workers with 100 plugins each, which have ticked and have state. One worker is killed with SIGKILL, and at once an
event is emitted that all plugins subscribe to. The time is from the kill to the moment when the last of the killed
worker's 100 plugins has committed its run of this event: by then the process is new, confined, all its plugins are
loaded with their state, and each has ticked. Every kill meets a daemon of its own: a worker that keeps dying is
restarted with a delay, and that is not what is measured.
"""
import os
import signal
import statistics
import time

from desk import Daemon, Desk, Failure

PLUGINS = 100
TRIGGERS = '{ kind = "event", topic = "probe" }'


def answered(daemon, event, plugins):
    """When the last of the plugins has committed its run of this event."""
    waiting = set(plugins)
    for seen, line in daemon.decisions(20):
        words = line.split()
        if words[-1] == event and words[1] in waiting:
            waiting.remove(words[1])
            if not waiting:
                return seen
    raise Failure(f"{len(waiting)} of {len(plugins)} plugins did not answer, e.g. {sorted(waiting)[0]}")


def one(binary, desk):
    desk.forget()
    with Daemon(binary, desk, lines=True) as daemon:
        everyone = daemon.ask("status")["plugins"]
        daemon.ask("emit", topic="probe", payload="before")
        answered(daemon, "before", [p["name"] for p in everyone])
        worker = daemon.ask("status")["workers"][0]
        killed = time.monotonic_ns()
        os.kill(worker["pid"], signal.SIGKILL)
        daemon.ask("emit", topic="probe", payload="after")
        back = answered(daemon, "after", [p["name"] for p in everyone if p["worker"] == 0])
        status = daemon.ask("status")
        now = status["workers"][0]
        if now["pid"] in (0, worker["pid"]) or now["restarts"] != 1 or worker["plugins"] != PLUGINS:
            raise Failure(f"the worker was not restarted: {worker} {now}")
        if any(p["health"] != "healthy" for p in status["plugins"]):
            raise Failure("a plugin is not healthy after its worker was killed")
        daemon.stop()
    return (back - killed) / 1e6


def measure(binary, folder, quick=False):
    with Desk(folder / "respawn") as desk:
        desk.configure(workers=2)
        desk.add_plugins(2 * PLUGINS, TRIGGERS, reason="ctx.trigger.payload")
        times = sorted(one(binary, desk) for _ in range(3 if quick else 10))
    return {"ms": round(statistics.median(times), 1), "runs_ms": [round(t, 1) for t in times], "plugins": PLUGINS}
