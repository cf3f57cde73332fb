"""(b) From trigger to committed, at 1,000 ticks per second.

Two views of it, both from outside:
  cron   ten plugins every 10 ms on the real clock. The daemon prints a decision when its commit is durable, and each
         says when it was due; the latency is the moment its line is read here minus that. Timers have a grain of
         1 ms, and the line's way through the pipe is included: an upper bound.
  fire   `fire` with `wait` over 48 connections, 1,000 a second on a fixed timetable. A manual trigger is durable
         before it is started, so each answer has waited for two commits, one after the other.
The figure is cron's: one trigger, one commit. Of three rounds the median of each percentile counts, so that a burst
of other work on the machine spoils one round, not the figure.
"""
import json
import selectors
import statistics
import time

from desk import Daemon, Desk, Failure, every

RATE = 1000
CONNECTIONS = 48


def percentiles(latencies_ns):
    ordered = sorted(latencies_ns)
    return {"count": len(ordered),
            **{f"p{p}_ms": round(ordered[min(len(ordered) - 1, len(ordered) * p // 100)] / 1e6, 3) for p in (50, 99)},
            "max_ms": round(ordered[-1] / 1e6, 3)}


def cron(binary, desk, seconds):
    desk.forget()
    latencies = []
    offset = time.time_ns() - time.monotonic_ns()  # the two clocks are read together; drift in seconds is < 1 µs
    with Daemon(binary, desk, lines=True) as daemon:
        for _ in daemon.decisions(1):  # loading, first decisions
            pass
        begin = time.monotonic()
        for seen, line in daemon.decisions(seconds):
            latencies.append(seen + offset - int(line.rsplit(None, 1)[-1]) * 1_000_000)
        rate = len(latencies) / (time.monotonic() - begin)
        missed = daemon.ask("status")["counters"]["missed"]
        daemon.stop()
    if not latencies:
        raise Failure("no decision was seen")
    return {**percentiles(latencies), "ticks_per_s": round(rate), "missed": missed}


class Clients:
    """Connections that are free or wait for an answer; latencies count from when the request was due."""

    def __init__(self, daemon):
        self.selector = selectors.DefaultSelector()
        self.free = []
        self.latencies = []
        for _ in range(CONNECTIONS):
            s = daemon.connect()
            self.selector.register(s, selectors.EVENT_READ, {"buffer": b"", "due": 0})
            self.free.append(s)

    def close(self):
        for key in list(self.selector.get_map().values()):
            key.fileobj.close()
        self.selector.close()

    def send(self, due_ns, plugin):
        s = self.free.pop()
        self.selector.get_key(s).data["due"] = due_ns
        s.sendall(json.dumps({"op": "fire", "plugin": plugin, "wait": True}).encode() + b"\n")

    def receive(self, seconds):
        for key, _ in self.selector.select(seconds):
            data = key.fileobj.recv(65536)
            now = time.monotonic_ns()
            if not data:
                raise Failure("the daemon hung up")
            key.data["buffer"] += data
            if key.data["buffer"].endswith(b"\n"):
                if b'"ok":true' not in key.data["buffer"]:
                    raise Failure(key.data["buffer"].decode())
                key.data["buffer"] = b""
                self.latencies.append(now - key.data["due"])
                self.free.append(key.fileobj)


def paced(clients, total):
    """Requests at their times; one that finds no free connection is late, and that counts as its latency."""
    begin = time.monotonic_ns()
    sent = 0
    while len(clients.latencies) < total:
        due = begin + sent * 1_000_000_000 // RATE
        if sent < total and clients.free and time.monotonic_ns() >= due:
            clients.send(due, f"plugin-{sent % 10}")
            sent += 1
            continue
        wait = (due - time.monotonic_ns()) / 1e9 if sent < total and clients.free else 5
        clients.receive(max(wait, 0))


def fire(binary, desk, seconds):
    desk.forget()
    with Daemon(binary, desk) as daemon:
        clients = Clients(daemon)
        try:
            paced(clients, RATE // 2)
            clients.latencies.clear()
            begin = time.monotonic()
            paced(clients, RATE * seconds)
            rate = RATE * seconds / (time.monotonic() - begin)
        finally:
            clients.close()
        daemon.stop()
    return {**percentiles(clients.latencies), "ticks_per_s": round(rate)}


def rounds(measure_one, binary, desk, seconds, count):
    """The rounds themselves, and the median of each of their percentiles."""
    each = [measure_one(binary, desk, seconds) for _ in range(count)]
    return {"p50_ms": statistics.median(r["p50_ms"] for r in each),
            "p99_ms": statistics.median(r["p99_ms"] for r in each),
            "count": sum(r["count"] for r in each), "rounds": each}


def measure(binary, folder, quick=False):
    seconds, count = (2, 1) if quick else (6, 3)
    with Desk(folder / "latency") as desk:
        desk.configure()
        desk.add_plugins(10, every(0.01), reason='"due " .. ctx.trigger.scheduled_at')
        by_cron = rounds(cron, binary, desk, seconds, count)
    with Desk(folder / "latency") as desk:
        desk.configure()
        desk.add_plugins(10, '{ kind = "manual" }')
        by_fire = rounds(fire, binary, desk, seconds, count)
    return {"p50_ms": by_cron["p50_ms"], "p99_ms": by_cron["p99_ms"], "fire_p50_ms": by_fire["p50_ms"],
            "fire_p99_ms": by_fire["p99_ms"], "cron": by_cron, "fire": by_fire}
