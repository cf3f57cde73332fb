"""The peer: the same durable tick with Node, better-sqlite3 and drizzle-orm (peer/peer.mjs), on the same disk, in the
same run. `plain` is how its queries are usually written, `prepared` the tuned form; both are shown, and the required
ratios are taken against `plain`. Returns {} and says why where it cannot run."""
import json
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parent / "peer" / "run.sh"
SKIPPED = 77


def measure(build, folder, seconds=5):
    """{"full": {"plain": …, "prepared": …}, "wal-normal": {…}} in ticks per second."""
    try:
        done = subprocess.run(["sh", SCRIPT, build, str(seconds), folder / "peer"], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, timeout=900)
    except subprocess.TimeoutExpired:
        print("peer skipped: it did not end within 15 minutes", file=sys.stderr)
        return {}
    sys.stderr.write(done.stderr)
    if done.returncode != 0:
        if done.returncode != SKIPPED:
            print(f"peer skipped: its script ended with {done.returncode}", file=sys.stderr)
        return {}
    rates = {}
    for line in done.stdout.splitlines():
        one = json.loads(line)
        rates.setdefault(one["mode"], {})[one["statements"]] = one["ticks_per_s"]
    return rates
