import pytest

from support import Desk


@pytest.fixture
def desk(tmp_path):
    """A desk to write strategies into; whatever runs on it at the end is killed."""
    made = Desk(tmp_path / "desk")
    yield made
    made.close()
