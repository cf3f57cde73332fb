"""The benchmark: measures the real program on throw-away desks and compares with what is required.

    python3 tests/bench/bench.py BUILD_FOLDER [--quick] [--no-peer] [--only NAME,…] [--patience SECONDS]

Prints one JSON document and a table, and writes the document to BUILD_FOLDER/bench.json. A figure that misses its
mark is shown as missed, not failed: machines differ and are busy. The exit code is 1 only when something could not
be measured at all. --quick is a smoke test of the measurements (some twenty seconds, without the peer); its figures
mean little. Before each measurement the machine may have --patience seconds to become quiet; how much other work ran
during each is part of the document.
"""
import argparse
import importlib
import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

import machine
import peer
import report
from desk import Failure

MEASUREMENTS = ("ticks", "latency", "state_get", "plugins", "first_tick", "respawn", "backends", "retention",
                "recording", "chain")


def options():
    p = argparse.ArgumentParser(description="measures orrery", add_help=True)
    p.add_argument("build", type=Path)
    p.add_argument("--quick", action="store_true")
    p.add_argument("--no-peer", action="store_true")
    p.add_argument("--only", default=",".join(MEASUREMENTS), help="comma-separated: " + ", ".join(MEASUREMENTS))
    p.add_argument("--patience", type=float, default=None, help="seconds to wait for a quiet machine (default 20)")
    p.add_argument("--json-file", type=Path, default=None, help="instead of BUILD_FOLDER/bench.json")
    o = p.parse_args()
    o.only = o.only.split(",")
    unknown = set(o.only) - set(MEASUREMENTS)
    if unknown:
        p.error(f"--only: unknown {', '.join(sorted(unknown))}; expected some of {', '.join(MEASUREMENTS)}")
    o.patience = (0 if o.quick else 20) if o.patience is None else o.patience
    return o


def say(text):
    print(text, file=sys.stderr, flush=True)


def measure(name, binary, folder, o):
    """The result of one measurement, or None when the program did not do what is measured."""
    machine.wait_quiet(o.patience)
    say(f"{name} …")
    begin = time.monotonic()
    other_work = machine.OtherWork()
    try:
        result = importlib.import_module(name).measure(binary, folder, o.quick)
    except (Failure, OSError, subprocess.TimeoutExpired) as e:
        say(f"{name} could not be measured: {e}")
        return None
    return {**result, "took_s": round(time.monotonic() - begin, 1), "other_work": other_work.share()}


def measure_peer(o, folder):
    if o.quick or o.no_peer or "ticks" not in o.only:
        say("peer skipped: not asked for")
        return {}
    machine.wait_quiet(o.patience)
    say("peer …")
    return peer.measure(o.build, folder)


def version(binary):
    done = subprocess.run([binary, "version", "--json"], capture_output=True, text=True, timeout=30)
    return json.loads(done.stdout)["data"] if done.returncode == 0 else None


def warnings(document):
    about = document["machine"]
    if about["filesystem"] in ("tmpfs", "ramfs", "overlay"):
        yield f"the desks were on {about['filesystem']}, not on a disk: (a) and (b) say nothing about durability"
    busy = [f"{n} ({r['other_work']:.0%} of all processors)"
            for n, r in document["results"].items() if r and r["other_work"] > 0.15]
    if busy:
        yield f"other work was running during {', '.join(busy)}: these figures are worse than on a quiet machine"
    if document["quick"]:
        yield "--quick: a smoke test; the figures mean little"


def main():
    o = options()
    o.build = o.build.resolve()
    binary = o.build / "orrery"
    if not binary.exists():
        sys.exit(f"{binary} is not built: run `make build`")
    folder = o.build / "bench-desks"
    folder.mkdir(exist_ok=True)
    document = {"version": version(binary), "quick": o.quick, "machine": machine.describe(folder), "results": {}}
    try:
        for name in o.only:
            document["results"][name] = measure(name, binary, folder, o)
            if name == "ticks":
                document["peer"] = measure_peer(o, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    document["figures"] = report.rows(document["results"], document.get("peer", {}))
    document["warnings"] = list(warnings(document))
    text = json.dumps(document, indent=2, ensure_ascii=False)
    (o.json_file or o.build / "bench.json").write_text(text + "\n")
    print(text)
    print()
    print(report.table([r for r in document["figures"] if o.only == list(MEASUREMENTS) or r["measured"] is not None]))
    for warning in document["warnings"]:
        print(f"note: {warning}")
    return 1 if None in document["results"].values() else 0


if __name__ == "__main__":
    sys.exit(main())
