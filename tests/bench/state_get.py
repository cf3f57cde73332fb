"""(c) ctx.state:get inside the worker's code: see state_get.c, which is built beside the program."""
import json
import subprocess

from desk import Failure


def measure(binary, folder, quick=False):
    program = binary.parent / "tests" / "bench" / "state_get"
    if not program.exists():
        raise Failure(f"{program} is not built")
    done = subprocess.run([program, "200" if quick else "5000"], capture_output=True, text=True, timeout=300)
    if done.returncode != 0:
        raise Failure(f"state_get ended with {done.returncode}: {done.stderr}")
    data = json.loads(done.stdout)
    return {"integer_p50_us": round(data["integer"]["p50_ns"] / 1000, 3),
            "table_p50_us": round(data["table"]["p50_ns"] / 1000, 3), **data}
