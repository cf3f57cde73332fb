"""Every trigger ends as exactly one run, and every count says the same: after failures, skips, rejections, kills of
workers and of the core, triggers that came too late, cancelled ones, dead letters and their retries.

Three views are compared: what the client was told (ids of its own triggers), the counters of each session, and the
journal: its runs one by one, and its own counts. Everything is read through the control socket, so the same test runs on
a journal in a file and on one on a server. ORRERY_ACCOUNTS sets the number of sessions.
"""
import json
import os
import signal

from shared import accounted, url
from support import OK, every, seeded, wait_until

SESSIONS = int(os.environ.get("ORRERY_ACCOUNTS", "4"))
ENDS = ("noop", "completed", "rejected", "failed", "cancelled", "skipped")

FLAKY = 'if math.random(5) == 1 then error("now and then") end return action.noop("fine")'
POOR = 'return action.vault.pm_deposit { amount = 999000000000000000 }'
RICH = 'return action.vault.pm_deposit { amount = 1000 }'
# Bad payloads fail until the retry, which finds its mark; 2 ms of work each.
LISTENER = """
    local p = ctx.trigger.payload or {}
    local spin = 0
    for i = 1, 20000 do spin = spin + i end
    if p.bad then
      if ctx.state:get_or_default("armed", 0) == 0 then error("bad " .. p.n) end
    end
    return action.noop("took it")
"""
EMITTER = 'return { action.emit { topic = "inner", payload = { at = ctx.now } } }'

def write(desk, journal, state):
    desk.configure(journal=journal, state=f'"{state}"', more='summary_every = "1s",', workers=2)
    desk.add("steady", 'return action.noop("steady")', every(0.02))
    desk.add("flaky", FLAKY, every(0.02))
    desk.add("poor", POOR, every(0.05))
    desk.add("rich", RICH, every(0.05))
    desk.add("emitter", EMITTER, every(0.05))
    desk.add("inner", 'return action.noop("heard")', '{ kind = "event", topic = "inner" }')
    desk.add("listener", LISTENER, '{ kind = "event", topic = "job" }, { kind = "manual" }', more="queue = 4000,")
    desk.add("hasty", 'return action.noop("in time")', '{ kind = "event", topic = "job", deadline = "40ms" }',
             more="queue = 4000, max_concurrency = 1,")


# ---- what there is, through the socket ----

def all_of(desk, op, **filters):
    """Every page."""
    rows, before = [], {}
    while True:
        page = desk.ask(op, limit=2000, **before, **filters)
        rows += page
        if len(page) < 2000:
            return rows
        before = {"before": page[-1]["id" if op == "runs" else "run"]}


def counts_of(runs):
    return {s: sum(r["status"] == s for r in runs) for s in ENDS}


def ended(counters):
    return {s: counters[s] for s in ENDS}


def journal_counts(desk):
    """The journal's own counts, as of now."""
    since = desk.status()["now"]
    return wait_until(lambda: fresh(desk, since), what="a look at the journal")


def fresh(desk, since):
    journal = desk.status()["journal"]
    return journal["ended"] if journal and journal["at"] >= since else None


def recorded(desk):
    """The same of a stopped desk: its runs, counted one by one."""
    data = desk.cli("runs", "--limit", "100000", "--json").data
    return counts_of(data if isinstance(data, list) else data["runs"])


def refused(desk, op, **arguments):
    """The code of the refusal, or None."""
    try:
        desk.ask(op, **arguments)
    except AssertionError as e:
        return e.args[0].get("code") if isinstance(e.args[0], dict) else str(e)
    return None


# ---- the load ----

class Client:
    """Fires and cancels, and remembers the ids it was given."""

    def __init__(self, random):
        self.random = random
        self.ids, self.cancelled, self.n = set(), set(), 0

    def emit(self, desk, topic="job"):
        self.n += 1
        runs = desk.ask("emit", topic=topic, payload={"n": self.n, "bad": self.n % 7 == 0})["runs"]
        self.ids.update(runs)
        return runs

    def fire(self, desk):
        self.ids.add(desk.ask("fire", plugin="listener", payload={"n": 0})["run"])

    def cancel(self, desk, run):
        """Whether it still waited is the daemon's to say; once it has said so it holds."""
        if refused(desk, "cancel", run=run, reason="not needed") is None:
            self.cancelled.add(run)
            assert refused(desk, "cancel", run=run) is not None, "cancelled twice"

    def burst(self, desk):
        for _ in range(self.random.randrange(20, 60)):
            runs = self.emit(desk)
            if self.random.random() < 0.2:
                self.cancel(desk, self.random.choice(runs))
        self.fire(desk)
        self.emit(desk, "unheard")


def kill_worker(desk, random):
    pids = [w["pid"] for w in desk.status()["workers"] if w["pid"]]
    if pids:
        os.kill(random.choice(pids), signal.SIGKILL)


def summary(desk):
    """What the daemon printed at its end (--json), behind its log."""
    log = desk.log()
    return json.loads(log[log.rindex('{"data":'):])["data"]


def check_status(desk):
    """Received is ended plus open, of all and of each, at any moment."""
    status = desk.status()
    assert accounted(status["counters"]), status["counters"]
    for plugin in status["plugins"]:
        assert accounted(plugin["counters"]), plugin
    # A plugin's triggers are the desk's; those of strategies that are gone are the desk's alone.
    for end in ENDS:
        assert status["counters"][end] == sum(p["counters"][end] for p in status["plugins"]), end


def session(desk, client, random, kill):
    """Load, then an end; a clean one must agree with the journal to the last run."""
    before = recorded(desk) if (desk.path / "data" / "orrery.lock").exists() else dict.fromkeys(ENDS, 0)
    desk.start("--json")
    for i in range(random.randrange(2, 4)):
        client.burst(desk)
        desk.wait_until(lambda s: s["counters"]["noop"] > 80 * (i + 1))
        if random.random() < 0.7:
            kill_worker(desk, random)
        check_status(desk)
    if kill:
        client.burst(desk)
        desk.kill()
        return
    desk.stop()
    counters = summary(desk)["counters"]
    assert counters["received"] == sum(ended(counters).values()) and counters["running"] == counters["queued"] == 0
    after = recorded(desk)
    assert {s: after[s] - before[s] for s in ENDS} == ended(counters)


# ---- the end: all books ----

def settle(desk):
    """Nothing is under way but the crons."""
    desk.wait_until(lambda s: all(p["counters"]["queued"] + p["counters"]["running"] == 0 for p in s["plugins"]
                                  if p["name"] in ("listener", "hasty", "inner")),
                    timeout=60, what="the end of what was fired")


def check_retries(desk):
    """Every failed trigger from outside is a letter; each is retried once, by a run that has the same trigger."""
    letters = all_of(desk, "dead_list")
    failed = {r["id"] for r in all_of(desk, "runs", status="failed") if r["trigger"] != "cron"}
    assert {d["run"] for d in letters} == failed
    assert letters and all(d["state"] == "open" for d in letters)
    run = letters[0]["run"]
    desk.ask("dead_discard", run=run)
    assert refused(desk, "dead_retry", run=run) is not None
    retried = {}
    while True:
        answer = desk.ask("dead_retry", all=True)
        retried.update({d["run"]: d["retry"] for d in answer["settled"]})
        if not answer["more"]:
            break
    assert set(retried) == failed - {run}
    settle(desk)
    by_id = {r["id"]: r for r in all_of(desk, "runs")}
    for letter in letters[1:]:
        again = by_id[retried[letter["run"]]]
        assert again["payload"] == letter["payload"] and again["topic"] == letter["topic"], (letter, again)
    states = {d["run"]: d["state"] for d in all_of(desk, "dead_list") if d["run"] in failed}
    assert {r for r, s in states.items() if s == "retried"} == set(retried) and states[run] == "discarded"
    return retried


def check_books(desk, client):
    """One run per trigger that was acknowledged; the counts are those of the runs."""
    runs = all_of(desk, "runs")
    ids = [r["id"] for r in runs]
    assert len(ids) == len(set(ids))
    missing = client.ids - set(ids)
    assert not missing, f"{len(missing)} triggers of {len(client.ids)} have no run: {sorted(missing)[:5]}"
    assert client.cancelled <= {r["id"] for r in runs if r["status"] == "cancelled"}
    assert all(r["reason"] for r in runs if r["status"] in ("noop", "skipped", "cancelled"))
    late = [r for r in runs if r["status"] == "failed" and r["error"]["code"] == "TIMED_OUT"]
    assert all(r["plugin"] == "hasty" and not r.get("started_ms") for r in late), late[:1]
    return counts_of(runs)


def run_all(desk, journal, state):
    random = seeded("accounts")
    client = Client(random)
    write(desk, journal, state)
    for i in range(SESSIONS):
        session(desk, client, random, kill=i % 2 == 0)
    desk.start("--json")
    settle(desk)
    retried = check_retries(desk)
    check_status(desk)
    desk.stop()
    last = ended(summary(desk)["counters"])
    for path in (desk.path / "strategies").glob("*.lua"):  # a desk that fires nothing: its journal stands still
        path.unlink()
    desk.add("hand", 'return action.noop("by hand")')
    desk.start()
    counts = check_books(desk, client)
    assert journal_counts(desk) == counts
    # What is cancelled must be waiting at that moment: not every load has one.
    assert sum(counts.values()) > 500 and all(counts[s] for s in ENDS if s != "cancelled"), counts
    assert all(last[s] <= counts[s] for s in ENDS) and retried
    desk.stop()


def test_a_journal_in_a_file(desk):
    run_all(desk, "sqlite:data/orrery.db", "sqlite:data/orrery.db")


def test_a_journal_on_a_server(desk, postgres):
    run_all(desk, url(postgres), url(postgres))


BUSY = """
    local n = 0
    for i = 1, 3e7 do n = n + i end
    return action.noop("done")
"""


def test_what_waits_is_cancelled_and_what_runs_is_not(desk):
    desk.configure(more="limits = { soft_ms = 20000, hard_ms = 30000 },", workers=1)
    desk.add("slow", BUSY, more="max_concurrency = 1,")
    desk.add("hand", 'return action.noop("by hand")')
    desk.start()
    done = desk.fire("hand")["run"]
    running = desk.ask("fire", plugin="slow")["run"]
    waiting = desk.ask("fire", plugin="slow")["run"]
    for arguments, code in (({"run": running}, "CONFLICT"), ({"run": done}, "CONFLICT"),
                            ({"run": "38fw4z8yg0000"}, "NOT_FOUND"), ({"run": "nonsense"}, "INVALID"), ({}, "INVALID"),
                            ({"run": waiting, "reason": ""}, "INVALID"), ({"run": waiting, "reason": "x" * 257}, "INVALID"),
                            ({"run": waiting, "reason": 7}, "INVALID"), ({"run": waiting, "reason": "not now"}, None),
                            ({"run": waiting, "reason": "again"}, "CONFLICT")):
        assert refused(desk, "cancel", **arguments) == code, arguments
    run = desk.ask("run", id=waiting)
    assert run["status"] == "cancelled" and run["reason"] == "not now" and not run.get("started_ms")
    desk.wait_until(lambda s: s["counters"]["noop"] == 2 and s["counters"]["cancelled"] == 1)
    assert desk.ask("run", id=running)["status"] == "noop"
    desk.stop()


def test_what_did_not_start_in_time_fails_also_after_a_restart(desk):
    desk.configure(more="limits = { soft_ms = 20000, hard_ms = 30000 },", workers=1)
    desk.add("slow", BUSY,
             '{ kind = "manual" }, { kind = "event", topic = "job", deadline = "30ms" }', more="max_concurrency = 1,")
    desk.start()
    desk.ask("fire", plugin="slow")
    late = desk.ask("emit", topic="job")["runs"][0]
    patient = desk.ask("fire", plugin="slow")["run"]
    hasty = desk.ask("fire", plugin="slow", deadline_ms=20)["run"]
    for bad in (0, -1, "5s", 1.5, 2 ** 40):
        assert refused(desk, "fire", plugin="slow", deadline_ms=bad) == "INVALID", bad
    desk.wait_until(lambda s: s["counters"]["failed"] == 2 and s["counters"]["noop"] == 2)
    for run in (late, hasty):
        run = desk.ask("run", id=run)
        assert run["status"] == "failed" and run["error"]["code"] == "TIMED_OUT" and "s to start" in run["error"]["message"]
    assert desk.ask("run", id=patient)["status"] == "noop"
    desk.ask("fire", plugin="slow")
    waiting = desk.ask("emit", topic="job")["runs"][0]
    own = [desk.ask("fire", plugin="slow", deadline_ms=20)["run"], desk.ask("emit", topic="job", deadline_ms=20)["runs"][0]]
    left = desk.ask("fire", plugin="slow")["run"]
    desk.kill()
    desk.start()
    desk.wait_until(lambda s: s["counters"]["requeued"] >= 2 and s["counters"]["queued"] + s["counters"]["running"] == 0)
    for run in (waiting, *own):
        assert desk.ask("run", id=run)["error"]["code"] == "TIMED_OUT", run
    assert desk.ask("run", id=left)["status"] == "noop"
    assert {d["run"] for d in desk.ask("dead_list")} >= {late, hasty, waiting}
    desk.stop()


def test_a_letter_has_its_trigger_whatever_is_recorded(desk):
    desk.configure(more='recording = "off",')
    desk.add("picky", 'error("not " .. ctx.trigger.payload.n)', '{ kind = "event", topic = "t" }')
    desk.start()
    run = desk.ask("emit", topic="t", payload={"n": 7})["runs"][0]
    desk.wait_until(lambda s: s["counters"]["failed"] == 1)
    assert desk.ask("run", id=run)["payload"] is None
    assert [(d["run"], d["payload"]) for d in desk.ask("dead_list")] == [(run, {"n": 7})]
    desk.stop()


def test_a_letter_is_retried_once_by_a_running_desk_and_by_none(desk):
    desk.configure()
    broken = 'if ctx.trigger.payload == 0 then error("zero") end return action.noop("fine")'
    path = desk.add("picky", broken, '{ kind = "manual" }, { kind = "event", topic = "t" }')
    desk.start()
    first = desk.ask("emit", topic="t", payload=0)["runs"][0]
    desk.wait_until(lambda s: s["counters"]["failed"] == 1)
    second = desk.ask("emit", topic="t", payload=0)["runs"][0]
    desk.wait_until(lambda s: s["counters"]["failed"] == 1 and s["counters"]["skipped"] == 1)
    assert [d["run"] for d in desk.ask("dead_list")] == [first]  # what was skipped has not failed
    again = desk.ask("dead_retry", run=first)["settled"][0]["retry"]  # although it is unhealthy
    desk.wait_until(lambda s: s["counters"]["failed"] == 2)
    assert desk.ask("run", id=again)["payload"] == 0
    assert refused(desk, "dead_retry", run=first) == "CONFLICT"
    assert refused(desk, "dead_retry", run=second) == "NOT_FOUND"
    for bad in ({}, {"run": first, "all": True}, {"run": "x"}, {"all": "yes"}, {"all": True, "plugin": ""}):
        assert refused(desk, "dead_retry", **bad) == "INVALID", bad
    for bad in ({"limit": -1}, {"limit": 10 ** 9}, {"before": "x"}, {"state": "gone"}, {"plugin": 7}):
        assert refused(desk, "dead_list", **bad) == "INVALID", bad
    path.write_text(path.read_text().replace("if ctx", "if false and ctx"))
    desk.ask("reload")
    settled = desk.ask("dead_retry", all=True, plugin="picky")["settled"]
    assert [d["run"] for d in settled] == [again]
    desk.wait_until(lambda s: s["counters"]["noop"] == 1)
    assert desk.ask("run", id=settled[0]["retry"])["status"] == "noop"
    assert not desk.ask("dead_list", state="open") and len(desk.ask("dead_list", state="retried")) == 2
    desk.stop()


def test_old_runs_leave_and_the_log_says_why_nothing_was_done(desk):
    desk.configure(more='retention = { runs = 40, every = "1s" }, summary_every = "1s",')
    desk.add("steady", 'return action.noop("edge 0." .. math.random(1000) .. " is too small")', every(0.02))
    desk.add("silent", 'return action.noop("x")', '{ kind = "event", topic = "never.comes" }')
    desk.start()
    desk.wait_until(lambda s: s["retention"]["removed"] > 20 and s["journal"] and s["journal"]["kept"] < 150)
    status = desk.wait_until(lambda s: s["journal"]["ended"]["noop"] > s["journal"]["kept"] and s)
    assert accounted(status["counters"]) and status["retention"]["error"] is None
    assert desk.cli("db", "trim", "--runs", "0").code != OK and desk.cli("db", "sweep", "--runs", "5").code != OK
    beside = desk.cli("db", "trim", "--runs", "10", "--json")
    assert beside.code == OK and beside.data["runs"] > 0 and not beside.data["more"]
    wait_until(lambda: "no trigger fired" in desk.log() and "is too small or with other numbers" in desk.log(),
               what="the summaries")
    desk.stop()
    assert "waits for event topic never.comes" in desk.log()
    before = sum(recorded(desk).values())
    stopped = desk.cli("db", "trim", "--runs", "5", "--json").data[0]
    assert stopped["kept"] == 5 and stopped["runs"] == before - 5 and sum(recorded(desk).values()) == 5
