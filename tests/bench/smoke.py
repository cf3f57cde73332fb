"""Runs the benchmark with --quick and asserts that it measured: every figure but the peer's is a number above zero,
in the document and in the table. Not that the figures are good."""
import json
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent


def main():
    build = Path(sys.argv[1])
    with tempfile.TemporaryDirectory(dir=build) as out:
        document_path = Path(out) / "bench.json"  # the figures of a real run stay
        done = subprocess.run([sys.executable, HERE / "bench.py", build, "--quick", "--json-file", document_path],
                              stdout=subprocess.PIPE, text=True, timeout=280)
        assert done.returncode == 0, f"bench.py ended with {done.returncode}"
        document = json.loads(document_path.read_text())
    assert json.loads(done.stdout.split("\n\n")[0]) == document, "what is printed is not what is written"
    table = done.stdout.split("\n\n", 1)[1]
    figures = [f for f in document["figures"] if "peer" not in f["figure"]]
    assert {f["figure"][:3] for f in figures} == {f"({letter})" for letter in "abcdefghijkl"}, figures
    for f in figures:
        assert isinstance(f["measured"], (int, float)) and f["measured"] > 0, f
        assert f["figure"] in table, f
    assert document["results"]["ticks"]["runs"][0]["ticks"] >= 40_000
    assert document["results"]["latency"]["cron"]["count"] > 0 and document["results"]["latency"]["fire"]["count"] > 0
    print(table)


if __name__ == "__main__":
    main()
