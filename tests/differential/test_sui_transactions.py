"""Random programmable transactions, made by our builder and by the official SDK from the same steps: the bytes, digests,
signatures and addresses are the same. ORRERY_TRANSACTIONS: how many; ORRERY_SEED: other ones."""
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "support"))

import servers  # noqa: E402
import sui  # noqa: E402


@pytest.fixture
def app(tmp_path):
    """The folder in which the script finds the SDK."""
    try:
        modules = sui.packages()
    except servers.Missing as e:
        if os.environ.get("CI") == "true":
            pytest.fail(str(e))
        pytest.skip(str(e))
    shutil.copy(HERE / "sui.mjs", tmp_path)
    (tmp_path / "node_modules").symlink_to(modules)
    return tmp_path


def test_same_bytes_as_the_official_sdk(app):
    count = os.environ.get("ORRERY_TRANSACTIONS", "2000")
    done = subprocess.run([sui.node_js(), "sui.mjs", os.environ["ORRERY_SUI_DESCRIBE"], count,
                           os.environ.get("ORRERY_SEED", "1")], cwd=app, capture_output=True, text=True, timeout=580)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    assert f"{count} transactions alike" in done.stdout
    print(done.stdout)
