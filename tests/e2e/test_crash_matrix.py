"""Core, signer, worker and node are killed at every stage of a transaction's life, and whenever chance has it: every
decided batch is executed once or provably never, and the journal and the node agree on each. 50 kills; more with
ORRERY_KILLS."""
import os
import signal
import time

import pytest

import onchain
import support
import sui
from conftest import started

KILLS = int(os.environ.get("ORRERY_KILLS", "50"))
STAGES = ["outbox.decided", "prepare.built", "prepare.simulated", "prepare.signed", "outbox.prepared",
          "outbox.journaled", "pursue.sending", "pursue.sent", "outbox.known", "outbox.settled"]
TARGETS = ["core", "signer", "worker", "node"]
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
    made = onchain.ChainDesk(tmp_path / "desk", node, VAULTS, gas_coins=6, max_spend=CAP, spend_window=WINDOW)
    made.fund()
    for vault in VAULTS:
        made.add_trader(vault, triggers=support.every(0.05))
    yield made
    made.close()


def settled(desk):
    return desk.status()["transactions"]["settled"]


class Matrix:
    """One session of the daemon after the other, each with its kills."""

    def __init__(self, desk, node, random):
        self.desk, self.node, self.random = desk, node, random
        self.kills = {(target, stage): 0 for target in TARGETS for stage in [*STAGES, "any"]}

    def count(self):
        return sum(self.kills.values())

    def strike(self, target):
        """Kills it; False when it was not there."""
        if target == "core":
            self.desk.kill()
        elif target == "node":
            self.node.kill()
        elif children := self.desk.children(target):
            os.kill(self.random.choice(children), signal.SIGKILL)
        else:
            return False
        return True

    def mend(self, target):
        if target == "node":
            self.node.restart()
            self.node.do("finality", ms=20)

    def at_stage(self, target, stage):
        """A session in which the target dies when a transaction is at that stage."""
        action = "kill" if target == "core" else "stop"
        self.desk.start("--live", env={"ORRERY_FAULTS": f"{stage}={action}@{self.random.randint(1, 6)}"}, wait=False)
        if target == "core":
            assert self.desk.ended() == -signal.SIGKILL, self.desk.log()
        else:
            support.wait_until(self.desk.is_stopped, 30, f"the stop at {stage}")
            struck = self.strike(target)
            self.desk.go_on()
            self.mend(target)
            if not struck:
                return
        self.kills[target, stage] += 1
        self.at_any_time()

    def at_any_time(self):
        """What runs is killed in the middle of whatever it does; core last."""
        for target in self.random.sample(TARGETS[1:], self.random.randint(0, 2)):
            if self.desk.process is None:
                break
            time.sleep(self.random.uniform(0, 0.15))
            self.kills[target, "any"] += self.strike(target)
            self.mend(target)
        if self.desk.process is not None:
            time.sleep(self.random.uniform(0, 0.1))
            self.strike("core")
            self.kills["core", "any"] += 1


def spent_within_the_window(desk, vault):
    """The greatest sum of what was reserved within any window."""
    spends = [(row["at"], row["amount"]) for row in
              desk.rows("SELECT at, amount FROM cap_ledger WHERE vault = ? ORDER BY at", vault)]
    return max((sum(amount for at, amount in spends if start <= at < start + WINDOW * 1000) for start, _ in spends),
               default=0)


def test_exactly_once_whatever_is_killed(desk, node):
    random = support.seeded("crash matrix")
    matrix = Matrix(desk, node, random)
    plan = [(target, stage) for target in TARGETS for stage in STAGES]
    random.shuffle(plan)
    while matrix.count() < KILLS or plan:
        target, stage = plan.pop() if plan else (random.choice(TARGETS), random.choice(STAGES))
        matrix.at_stage(target, stage)
    print("kills:", {f"{target} at {stage}": n for (target, stage), n in matrix.kills.items() if n})
    desk.start("--live")
    desk.wait_until(lambda s: s["transactions"]["open"] == 0 or s["transactions"]["settled"] > 20, 60, "all resolved")
    before = settled(desk)
    support.wait_until(lambda: settled(desk) > before, 30, "a new transaction")
    desk.stop()
    desk.check_books(distinct=True)
    for vault in VAULTS:
        assert spent_within_the_window(desk, vault) <= CAP
    ours = desk.submissions()
    print(f"{matrix.count()} kills, {len(ours)} submissions, dead: {sum(s['state'] == onchain.DEAD for s in ours)}")
    assert len(ours) > KILLS / 4
