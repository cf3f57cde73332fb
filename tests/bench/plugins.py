"""(d) Many plugins: memory of an idle one, and how long until 2,000 are loaded.

Memory is the growth between a desk of 100 and a desk of 2,000 plugins, divided by 1,900: the workers' alone (their
Lua states) and with core's (source, manifest, timers). PSS where /proc shows it, so that pages which processes share
are counted once; else RSS. A plugin is idle when it is loaded and nothing fires it.

Loaded is measured from the spawn of the process to the answer of a fire at the last plugin of each worker: a worker
loads in order, so these wait for all the others. status is asked afterwards, to be sure.
"""
import json
import time

from desk import Daemon, Desk, Failure

FEW, MANY = 100, 2000
WORKERS = 2


def memory_kib(pid):
    """(KiB, what was measured) of one process."""
    try:
        with open(f"/proc/{pid}/smaps_rollup") as f:
            return next(int(line.split()[1]) for line in f if line.startswith("Pss:")), "pss"
    except (OSError, StopIteration):  # workers are not dumpable: for root only
        with open(f"/proc/{pid}/statm") as f:
            return int(f.read().split()[1]) * 4, "rss"


def workers_of(pid):
    """The processes that it has started."""
    with open(f"/proc/{pid}/task/{pid}/children") as f:
        return [int(child) for child in f.read().split()]


def wait_loaded(daemon, count):
    """Seconds from the spawn until the last plugin of every worker has answered."""
    connections = []
    for i in range(count - WORKERS, count):
        s = daemon.connect()
        s.settimeout(60)
        s.sendall(json.dumps({"op": "fire", "plugin": f"plugin-{i}", "wait": True}).encode() + b"\n")
        connections.append(s)
    for s in connections:
        answer = b""
        while not answer.endswith(b"\n"):
            answer += s.recv(65536)
        if b'"ok":true' not in answer:
            daemon.fail(answer.decode())
    loaded_ns = time.monotonic_ns()
    for s in connections:
        s.close()
    return (loaded_ns - daemon.spawned_ns) / 1e9


def check_loaded(status, count, workers):
    """The daemon says the same. Asked last: its answer for 2,000 plugins takes memory of its own."""
    ready = sum(p["memory"] > 0 and p["health"] == "healthy" for p in status["plugins"])
    if ready != count or sorted(w["pid"] for w in status["workers"]) != sorted(workers):
        raise Failure(f"{ready} of {count} plugins are loaded, in {status['workers']}")


def one(binary, folder, count):
    with Desk(folder / f"plugins-{count}") as desk:
        desk.configure(workers=WORKERS)
        desk.add_plugins(count, '{ kind = "manual" }')
        with Daemon(binary, desk) as daemon:
            seconds = wait_loaded(daemon, count)
            pids = workers_of(daemon.process.pid)
            workers = [memory_kib(pid) for pid in pids]
            core = memory_kib(daemon.process.pid)[0]
            status = daemon.ask("status")
            check_loaded(status, count, pids)
            daemon.stop()
    return {"plugins": count, "loaded_s": round(seconds, 3), "workers_kib": sum(w[0] for w in workers),
            "core_kib": core, "kind": workers[0][1],
            "lua_heap_kib": round(sum(p["memory"] for p in status["plugins"]) / count / 1024, 1)}


def measure(binary, folder, quick=False):
    few = one(binary, folder, FEW)
    runs = [one(binary, folder, MANY) for _ in range(1 if quick else 3)]
    runs.sort(key=lambda r: r["loaded_s"])
    many = runs[len(runs) // 2]
    workers = (many["workers_kib"] - few["workers_kib"]) / (MANY - FEW)
    core = (many["core_kib"] - few["core_kib"]) / (MANY - FEW)
    return {
        "kib_per_idle_plugin": round(workers + core, 1),
        "kib_in_workers": round(workers, 1),
        "kib_in_core": round(core, 1),
        "kind": many["kind"],
        "lua_heap_kib": many["lua_heap_kib"],
        "loaded_2000_s": many["loaded_s"],
        "loaded_2000_s_runs": [r["loaded_s"] for r in runs],
    }
