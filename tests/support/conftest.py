"""Fixtures of the Sui test node's tests."""
import os

import pytest

import servers
import sui
from sui_world import TARGETS, World


@pytest.fixture(scope="session")
def sdk(tmp_path_factory):
    try:
        one = sui.Sdk(tmp_path_factory.mktemp("sdk") / "app")
    except servers.Missing as e:
        if os.environ.get("CI") == "true":
            pytest.fail(str(e))
        pytest.skip(str(e))
    with one:
        yield one


@pytest.fixture(scope="session")
def server(sdk):
    with sui.SuiNode(endpoints=2) as one:
        yield one


@pytest.fixture
def world(server, sdk):
    server.do("clear")
    server.do("targets", targets=TARGETS)
    before = server.ledger()["defects"]
    yield World(server, sdk)
    assert server.ledger()["defects"] == before


@pytest.fixture
def mortal(sdk):
    """A node and a sender of its own, to be killed."""
    with sui.SuiNode() as node:
        node.do("targets", targets=TARGETS)
        yield World(node, sdk)
