"""A desk whose vault is a user's executor (tests/support/webhook_server.py): whatever dies and whatever is answered, each
decision that was put on record is executed once. ORRERY_KILLS sets the number of kills."""
import contextlib
import http.client
import os
import re
import time
from pathlib import Path

import pytest

import support
import webhook_server
from support import every, seeded, strategy, wait_until

KILLS = int(os.environ.get("ORRERY_KILLS", "32"))
SECRET = "aXv9k2QpLr7mWz4tBn8sYc3eHd6uJf1g"

CONFIG = """
return {
  vaults = { v = { executor = "webhook", url = "%(url)s", secret = "file:keys/webhook.secret", timeout = "1s",
                   calls = { "order" } } },
}
"""
COUNTING = """
    local n = ctx.state:get_or_default("n", 0) + 1
    ctx.state:set("n", n)
    return action.call { target = "order", arguments = { n } }
"""
FAULTS = [dict(kind=kind, when=when, match="post") for kind in ("reset", "status", "garbage", "wrong_key", "silent", "die")
          for when in ("before", "after")] + [dict(kind=kind, match="lookup") for kind in ("reset", "status", "empty", "die")]


@pytest.fixture
def server():
    with webhook_server.WebhookServer(secret=SECRET) as one:
        yield one


@pytest.fixture
def hooked(desk, server):
    desk.write("orrery.lua", CONFIG % {"url": server.url})
    desk.write("keys/webhook.secret", SECRET).chmod(0o600)
    text = strategy("counter", COUNTING, every(0.02))
    desk.write("strategies/counter.lua", re.sub(r'vault_id = "[^"]*"', 'vault_id = "v"', text))
    return desk


def executed(server):
    """What was executed, by the number that each decision carries."""
    ledger = server.ledger()
    assert ledger["defects"] == []
    assert all(batch["executions"] <= 1 for batch in ledger["batches"].values())
    return ledger["batches"]


def tell(server, action, **more):
    """It may be dying of what it was told before."""
    def told():
        with contextlib.suppress(OSError, http.client.HTTPException):
            return server.do(action, **more) == {}
    wait_until(told, what="the executor after its own death")


def books_agree(desk, server):
    """The journal and the executor know the same batches, and agree on each."""
    sent, before = [], []
    while before is not None:
        page = support.run("tx", "list", "-C", desk.path, "-n", "500", "--json", *before).data
        sent += page["transactions"]
        before = ["--before", str(page["next"])] if page["next"] else None
    known = executed(server)
    assert {s["digest"] for s in sent} == set(known)
    assert {(s["state"], s["success"]) for s in sent} == {("done", True)}
    assert {batch["executions"] for batch in known.values()} == {1}
    return len(sent)


def test_kills_and_wrong_answers(hooked, server):
    random = seeded("webhook")
    hooked.start("--live", wait=False)
    for _ in range(KILLS):
        time.sleep(random.uniform(0.02, 0.4))
        what = random.choice(["daemon", "daemon", "server", "fault", "fault"])
        if what == "daemon":
            hooked.kill()
            hooked.start("--live", wait=False)
        elif what == "server":
            server.kill()
            server.restart()
        else:
            tell(server, "fault", **random.choice(FAULTS))
    tell(server, "clear")
    hooked.wait_ready()
    before = len(executed(server))
    wait_until(lambda: len(executed(server)) > before + 3, timeout=60, what="batches after all that")
    hooked.stop()
    hooked.start("--live")
    wait_until(lambda: support.run("tx", "list", "--open", "-C", hooked.path, "--json").data["transactions"] == [] or None,
               what="the end of what the stop left open")
    hooked.stop()
    assert books_agree(hooked, server) > KILLS / 4


def memory(pid):
    """Every readable byte of a process."""
    for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
        span, flags, *rest = line.split()
        first, end = (int(part, 16) for part in span.split("-"))
        if flags[0] != "r" or rest[-1] in ("[vvar]", "[vsyscall]", "[vdso]"):
            continue
        with open(f"/proc/{pid}/mem", "rb", 0) as file:
            file.seek(first)
            try:
                yield file.read(end - first)
            except OSError:
                continue


def pieces(pid):
    """How many times each piece of the secret is in a process's memory."""
    wanted = [SECRET[i:i + 8].encode() for i in range(0, len(SECRET), 8)]
    counts = dict.fromkeys(wanted, 0)
    for block in memory(pid):
        for piece in wanted:
            counts[piece] += block.count(piece)
    return set(counts.values())


@pytest.mark.skipif(os.geteuid() != 0, reason="the memory of a confined process is read as root only")
def test_the_secret_is_in_one_place_only(hooked, server):
    hooked.start("--live")
    wait_until(lambda: len(executed(server)) > 5, what="some batches")
    workers = [int(pid) for pid in Path(f"/proc/{hooked.process.pid}/task/{hooked.process.pid}/children").read_text().split()]
    assert workers
    assert pieces(hooked.process.pid) == {1}, "once, in locked memory"
    for worker in workers:
        assert pieces(worker) == {0}
    assert SECRET not in hooked.log()
    hooked.stop()


def test_an_open_batch_is_for_the_url_that_it_was_made_for(hooked, server):
    """Asked for and sent where it was sent before, and nowhere else."""
    server.fault("silent", when="before", times=1000)
    hooked.start("--live")
    wait_until(lambda: hooked.value("SELECT count(*) FROM submissions") == 1, what="a batch on record")
    hooked.kill()
    (one,) = support.run("tx", "list", "-C", hooked.path, "--json").data["transactions"]
    with webhook_server.WebhookServer(secret=SECRET) as other:
        hooked.write("orrery.lua", CONFIG % {"url": other.url})
        hooked.start("--live")
        wait_until(lambda: one["digest"] in hooked.log(), what="a line about the open batch")
        hooked.stop()
        assert one["digest"] not in other.ledger()["batches"]
    assert executed(server) == {}
    server.do("clear")
    hooked.write("orrery.lua", CONFIG % {"url": server.url})
    hooked.start("--live")
    wait_until(lambda: executed(server).get(one["digest"], {}).get("executions") == 1, what="its execution at last")
    hooked.stop()
