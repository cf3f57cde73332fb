"""The crash matrix: the core, its children and the servers around it are killed at the named stages of a batch's life
(runtime/core/faults.h), and whenever chance has it. What must be true afterwards is the business of the test."""
import os
import signal
import time

import support

STAGES = ["outbox.decided", "prepare.built", "prepare.simulated", "prepare.signed", "outbox.prepared",
          "outbox.journaled", "pursue.sending", "pursue.sent", "outbox.known", "outbox.settled"]


class Matrix:
    """One session of the daemon after the other, each with its kills; at the end of each it is dead.

    `servers`: {name: what has kill() and restart()}; `mended(name)` is called when that one is back. `children`: roles.
    `arguments`: of the daemon."""

    def __init__(self, desk, random, servers, children=("worker",), stages=STAGES, arguments=("--live",),
                 mended=lambda name: None):
        self.desk, self.random, self.servers, self.children = desk, random, servers, list(children)
        self.stages, self.arguments, self.mended = list(stages), list(arguments), mended
        self.targets = ["core", *self.children, *servers]
        self.kills = {(target, stage): 0 for target in self.targets for stage in [*self.stages, "any"]}

    def count(self):
        return sum(self.kills.values())

    def __str__(self):
        return ", ".join(f"{target} at {stage}: {n}" for (target, stage), n in self.kills.items() if n)

    def plan(self, kills, passes=None):
        """(target, stage), in random order, until there have been so many kills. In one pass every stage has its turn,
        and every target; after as many passes as there are targets (None), each target at each stage."""
        stages = self.random.sample(self.stages, len(self.stages))
        targets = self.random.sample(self.targets, len(self.targets))
        due = [(targets[(i + shift) % len(targets)], stage)
               for shift in range(len(targets) if passes is None else passes) for i, stage in enumerate(stages)]
        while self.count() < kills or due:
            yield due.pop(0) if due else (self.random.choice(self.targets), self.random.choice(self.stages))

    def strike(self, target):
        """Kills it; False when it was not there."""
        if target == "core":
            self.desk.signal(signal.SIGKILL)
            assert self.desk.ended() == -signal.SIGKILL, self.desk.log()[-3000:]
        elif target in self.servers:
            self.servers[target].kill()
        elif children := self.desk.children(target):
            os.kill(self.random.choice(children), signal.SIGKILL)
        else:
            return False
        return True

    def mend(self, target):
        if target in self.servers:
            self.servers[target].restart()
            self.mended(target)

    def start(self, **env):
        self.desk.start(*self.arguments, env=env, wait=False)

    def is_stopped(self):
        assert self.desk.process.poll() is None, self.desk.log()[-3000:]
        return self.desk.is_stopped()

    def at_stage(self, target, stage):
        """A session in which the target dies when a batch is at that stage."""
        action = "kill" if target == "core" else "stop"
        self.start(ORRERY_FAULTS=f"{stage}={action}@{self.random.randint(1, 6)}")
        if target == "core":
            assert self.desk.ended() == -signal.SIGKILL, self.desk.log()
            self.kills[target, stage] += 1
            return
        support.wait_until(self.is_stopped, 30, f"the stop at {stage}")
        self.kills[target, stage] += self.strike(target)
        self.desk.go_on()
        self.mend(target)
        self.at_any_time()

    def at_any_time(self):
        """What runs is killed in the middle of whatever it does; core last."""
        for target in self.random.sample(self.targets[1:], self.random.randint(0, min(2, len(self.targets) - 1))):
            time.sleep(self.random.uniform(0, 0.15))
            self.kills[target, "any"] += self.strike(target)
            self.mend(target)
        time.sleep(self.random.uniform(0, 0.1))
        self.strike("core")
        self.kills["core", "any"] += 1
