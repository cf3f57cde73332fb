"""The examples stay what they claim to be."""
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HISTORY = ROOT / "examples" / "history"


def test_history_runs_the_shipped_momentum_once_per_bar():
    cron = re.compile(r"every_seconds = \d+")
    shipped = (ROOT / "strategies" / "momentum.lua").read_text()
    copy = (HISTORY / "strategies" / "momentum.lua").read_text()
    assert "every_seconds = 60" in copy
    assert cron.sub("every_seconds = N", copy) == cron.sub("every_seconds = N", shipped)


def test_sample_is_what_the_generator_makes():
    made = subprocess.run([sys.executable, str(HISTORY / "make_sample.py")], check=True, capture_output=True, text=True)
    assert made.stdout == (HISTORY / "sample.csv").read_text()
    assert 600 <= made.stdout.count("\n") - 1 <= 1500


def test_every_example_has_a_desk_and_a_readme():
    for folder in sorted(path for path in (ROOT / "examples").iterdir() if path.is_dir()):
        assert (folder / "orrery.lua").is_file(), folder
        assert (folder / "README.md").is_file(), folder
