"""Core, signer, worker and node are killed at every stage of a transaction's life, and whenever chance has it: every
decided batch is executed once or provably never, and the journal and the node agree on each. 50 kills; more with
ORRERY_KILLS."""
import os

import pytest

import matrix
import onchain
import support
import sui
from conftest import started

KILLS = int(os.environ.get("ORRERY_KILLS", "50"))
VAULTS = ["a", "b", "c", "d"]
CAP = 30  # of a vault, within the window in seconds
WINDOW = 5


@pytest.fixture
def node():
    with started(sui.SuiNode(endpoints=2)) as made:
        made.do("finality", ms=20)
        yield made


@pytest.fixture
def desk(tmp_path, node):
    made = onchain.ChainDesk(tmp_path / "desk", node, VAULTS, seed=os.urandom(32).hex(), gas_coins=6, max_spend=CAP,
                             spend_window=WINDOW)
    made.fund()
    for vault in VAULTS:
        made.add_trader(vault, triggers=support.every(0.05))
    yield made
    made.close()


def settled(desk):
    return desk.status()["transactions"]["settled"]


def spent_within_the_window(desk, vault):
    """The greatest sum of what was reserved within any window."""
    spends = [(row["at"], row["amount"]) for row in
              desk.rows("SELECT at, amount FROM cap_ledger WHERE vault = ? ORDER BY at", vault)]
    return max((sum(amount for at, amount in spends if start <= at < start + WINDOW * 1000) for start, _ in spends),
               default=0)


def test_exactly_once_whatever_is_killed(desk, node):
    random = support.seeded("crash matrix")
    kills = matrix.Matrix(desk, random, {"node": node}, children=("signer", "worker"),
                          mended=lambda _: node.do("finality", ms=20))
    for target, stage in kills.plan(KILLS):
        kills.at_stage(target, stage)
    print("kills:", kills)
    desk.start("--live")
    desk.wait_until(lambda s: s["transactions"]["open"] == 0 or s["transactions"]["settled"] > 20, 60, "all resolved")
    before = settled(desk)
    support.wait_until(lambda: settled(desk) > before, 30, "a new transaction")
    desk.stop()
    desk.check_books(distinct=True)
    for vault in VAULTS:
        assert spent_within_the_window(desk, vault) <= CAP
    ours = desk.submissions()
    print(f"{kills.count()} kills, {len(ours)} submissions, dead: {sum(s['state'] == onchain.DEAD for s in ours)}")
    assert len(ours) > KILLS / 4
