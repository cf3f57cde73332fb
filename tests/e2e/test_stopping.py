"""How a daemon ends: asked to, asked twice, killed; and that there is never a second one."""
import os
import signal
import time

import pytest

from support import COUNT, ERROR, OK, PATIENCE, every, wait_until

BUSY = """
    local x = 0
    for i = 1, 20000 do x = x + i % 7 end
    ctx.state:set("n", ctx.state:get_or_default("n", 0) + 1)
    return action.noop("busy")
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_drains_within_five_seconds_under_load(desk, number):
    desk.configure()
    for i in range(20):
        desk.add(f"p{i}", BUSY, every(0.02))
    desk.start()
    desk.wait_until(lambda s: s["counters"]["received"] > 400)
    begun = time.monotonic()
    desk.signal(number)
    assert desk.ended() == OK, desk.log()
    took = time.monotonic() - begun
    print(f"drained in {took * 1000:.0f} ms")
    assert took < 5 * PATIENCE
    for i in range(20):
        ran = desk.value("SELECT count(*) FROM runs_v WHERE plugin = ? AND status = 'noop'", f"p{i}")
        assert desk.state(f"p{i}")["n"] == ran


def gone(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    with open(f"/proc/{pid}/stat") as stat:  # a child of init that nobody has reaped is gone as well
        return stat.read().rsplit(")", 1)[1].split()[0] == "Z"


def stopped_worker(desk):
    """A daemon with a tick under way at a worker that stands still."""
    desk.configure(workers=1)
    desk.add("p", COUNT)
    desk.start()
    assert desk.fire("p")["reason"] == "n=1"
    worker = desk.status()["workers"][0]["pid"]
    os.kill(worker, signal.SIGSTOP)
    desk.ask("fire", plugin="p", wait=False)
    desk.wait_until(lambda s: s["plugins"][0]["running"] == 1)
    return worker


def test_a_drain_that_cannot_finish_gives_up_in_time_and_loses_nothing(desk):
    worker = stopped_worker(desk)
    begun = time.monotonic()
    desk.signal(signal.SIGTERM)
    assert desk.ended() != OK
    assert time.monotonic() - begun < 5.5 * PATIENCE
    wait_until(lambda: gone(worker), what="the worker's end")
    assert desk.value("SELECT count(*) FROM pending") == 1
    desk.start()
    desk.wait_until(lambda s: s["counters"]["noop"] == 1)
    assert desk.state("p") == {"n": 2}
    assert desk.value("SELECT count(*) FROM pending") == 0


def test_a_second_signal_exits_at_once_and_loses_nothing(desk):
    worker = stopped_worker(desk)
    desk.signal(signal.SIGTERM)
    desk.wait_until(lambda s: s["state"] == "draining")
    begun = time.monotonic()
    desk.signal(signal.SIGTERM)
    code = desk.ended()
    assert code not in (OK, -signal.SIGTERM)
    assert time.monotonic() - begun < 1 * PATIENCE
    wait_until(lambda: gone(worker), what="the worker's end")
    desk.start()
    desk.wait_until(lambda s: s["counters"]["noop"] == 1)
    assert desk.state("p") == {"n": 2}


def test_no_worker_outlives_its_core(desk):
    desk.configure(workers=3)
    desk.add("p", COUNT, every(0.05))
    desk.start()
    workers = [w["pid"] for w in desk.status()["workers"]]
    assert len(workers) == 3 and all(workers)
    desk.kill()
    for pid in workers:
        wait_until(lambda: gone(pid), what=f"the end of worker {pid}")


def test_a_second_daemon_on_the_same_desk_is_refused(desk):
    desk.configure()
    desk.add("counter", COUNT, every(0.05))
    desk.start()
    before = desk.process.pid
    second = desk.cli("run", "--for", "5s", "--json")
    assert second.code == ERROR and second.json["code"] == "STORE_LOCKED"
    assert str(before) in second.json["message"]
    n = desk.state("counter").get("n", 0)
    desk.wait_until(lambda s: s["counters"]["noop"] > n + 3, what="the first daemon to go on")
    desk.kill()
    desk.start()  # a lock left behind by a killed daemon hinders nobody
    desk.stop()
