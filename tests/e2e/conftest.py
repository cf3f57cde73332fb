import os
import sys
from pathlib import Path

import pytest

from support import Desk

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))
import servers  # noqa: E402


@pytest.fixture
def desk(tmp_path):
    """A desk to write strategies into; whatever runs on it at the end is killed."""
    made = Desk(tmp_path / "desk")
    yield made
    made.close()


@pytest.fixture
def desks(tmp_path):
    """Makes more than one: desks("a")."""
    made = []

    def make(name):
        made.append(Desk(tmp_path / name))
        return made[-1]

    yield make
    for each in made:
        each.close()


def started(server):
    """A server that runs; where it is not installed the test is skipped, but not in CI."""
    try:
        return server.start()
    except servers.Missing as e:
        if os.environ.get("CI") == "true":
            pytest.fail(str(e))
        pytest.skip(str(e))


@pytest.fixture(params=list(servers.KINDS))
def server(request):
    """A throw-away server of each kind."""
    one = started(servers.KINDS[request.param]())
    yield one
    one.stop()


@pytest.fixture
def postgres(request):
    """A PostgreSQL with the settings of `@pytest.mark.parametrize("postgres", [{…}], indirect=True)`."""
    one = started(servers.Postgres(settings=getattr(request, "param", None)))
    yield one
    one.stop()
