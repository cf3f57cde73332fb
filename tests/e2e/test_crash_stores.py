"""The crash matrix on desks that are set up otherwise: journal and state in PostgreSQL, state apart from the journal, a
user's executor instead of the chain, and sessions without --live in between. Each test kills 15 to 30 times; more with
ORRERY_KILLS.

Each decision has a number, ctx.state.n, which its run has on record; every third one is a noop. So of each vault the
runs say 1, 2, 3 …, and the state is what the runs have made it.
"""
import base64
import json
import os
import signal

import pytest

import matrix
import onchain
import servers
import support
import sui
import webhook_server
from conftest import started
from shared import url
from support import every, seeded, wait_until
from test_journal_postgres import TABLES, mirror

KILLS = int(os.environ.get("ORRERY_KILLS", "15"))
PASSES = 1 if KILLS < 100 else None  # None: each target at each stage
VAULTS = ["a", "b", "c"]
CHILDREN = ("signer", "worker")

DECIDE = """
    local n = ctx.state:get_or_default("n", 0) + 1
    ctx.state:set("n", n)
    if n % 3 == 0 then return action.noop("n=" .. n) end
    return action.{action}
"""
MINT = DECIDE.replace("{action}", 'vault.mint_binary { market_id = "btc:1800000000000", strike = n, is_up = true, '
                                  'quantity = 1 }')
ORDER = DECIDE.replace("{action}", 'call { target = "order", arguments = { n } }')


# ---- the books that all have ----

def number(run):
    """What a decision on record says its number is."""
    if run["status"] == "noop":
        return int(run["reason"].removeprefix("n="))
    [action] = json.loads(run["actions"])
    return int(action["strike"] if "strike" in action else action["arguments"][0])


def numbers(desk, vault):
    """Of the decisions on record, in their order."""
    return [number(run) for run in desk.rows("SELECT * FROM runs_v WHERE vault = ? ORDER BY id", vault)
            if not run["dry_run"] and (run["status"] == "noop" or run["actions"])]


def state_of(desk, vault):
    rows = desk.rows("SELECT value FROM plugin_state WHERE plugin_name = ? AND key = 'n'", f"t-{vault}")
    return int(rows[0][0]) if rows else 0


def first_break(ns):
    at = next((i for i, n in enumerate(ns) if n != i + 1), len(ns))
    return f"number {at + 1} of {len(ns)} says {ns[max(0, at - 3):at + 4]}"


def check_numbers(desk, vaults):
    """State and journal are one transaction: no decision is lost, and none was made twice."""
    for vault in vaults:
        ns = numbers(desk, vault)
        assert ns == list(range(1, len(ns) + 1)), f"{vault}: {first_break(ns)}"
        assert state_of(desk, vault) == len(ns), vault


def last_session(desk, vaults, *arguments):
    """Nothing is killed: what was open ends, and every vault goes on."""
    def all_go_on(status):
        counts = {p["name"]: p["counters"]["completed"] for p in status["plugins"]}
        return all(counts[f"t-{vault}"] >= 3 for vault in vaults)
    desk.start("--live", *arguments, wait=False)
    desk.wait_ready()
    desk.wait_until(all_go_on, 60, "new batches of every vault")
    desk.stop()


# ---- on the chain ----

@pytest.fixture
def node():
    with started(sui.SuiNode(endpoints=2)) as made:
        made.do("finality", ms=20)
        yield made


@pytest.fixture
def make(tmp_path, node):
    """A desk of that kind on the node, with a trader for each vault."""
    made = []

    def desk(kind=onchain.ChainDesk, **more):
        one = kind(tmp_path / "desk", node, VAULTS, seed=os.urandom(32).hex(), gas_coins=6, **more)
        made.append(one)
        one.fund()
        for vault in VAULTS:
            one.add_trader(vault, MINT, every(0.05))
        return one

    yield desk
    for one in made:
        one.close()


class PostgresDesk(onchain.ChainDesk):
    """Journal and state are in that database."""

    def __init__(self, *args, server, **more):
        self.server = server
        super().__init__(*args, more=f'journal = "{url(server)}", state = "{url(server)}",', **more)

    def rows(self, sql, *args):
        db = mirror(self.server, {name: table for name, table in TABLES.items() if f" {name} " in sql})
        try:
            return db.execute(sql, args).fetchall()
        finally:
            db.close()

    def submissions(self):
        return [{**one, "bytes": base64.b64decode(one["bytes"])} for one in super().submissions()]


def killing(desk, node, name, children=CHILDREN, **servers):
    """A matrix of the desk, with the node and those servers among its targets."""
    servers["node"] = node
    return matrix.Matrix(desk, seeded(name), servers, children, arguments=["--live", "--wait-for-state", "60s"],
                         mended=lambda which: which == "node" and node.do("finality", ms=20))


@pytest.mark.parametrize("postgres", [{"commit_delay": "5000", "commit_siblings": "0"}], indirect=True)
def test_journal_and_state_in_postgresql(make, node, postgres):
    """Commits take 5 ms, so that kills hit them; PostgreSQL is killed at every stage, too."""
    desk = make(PostgresDesk, server=postgres)
    kills = killing(desk, node, "postgres", postgres=postgres)
    for target, stage in kills.plan(KILLS, PASSES):
        kills.at_stage(target, stage)
    last_session(desk, VAULTS)
    desk.check_books(distinct=True)
    check_numbers(desk, VAULTS)
    print(f"{kills.count()} kills, {len(desk.submissions())} submissions: {kills}")


# ---- state apart ----

UNDER_WAY = 2  # decisions of a strategy: a batch is prepared, and the noop before it is on its way to the disk

class Ahead:
    """State in a store of its own is durable before its run is on record: a kill of the core may lose runs that were
    between the two, and nothing else does."""

    def __init__(self, desk):
        self.desk = desk
        self.at = dict.fromkeys(VAULTS, 0)
        self.lost = {vault: set() for vault in VAULTS}

    def look(self, most):
        """No daemon runs. Since the last look the core has been killed once; `most`: that was under way then."""
        for vault in VAULTS:
            ns, at = numbers(self.desk, vault), self.stored(vault)
            assert len(set(ns)) == len(ns), f"{vault}: a number comes twice"
            assert max(ns, default=0) <= at, f"{vault}: the state is behind the journal"
            lost = set(range(1, at + 1)) - set(ns) - self.lost[vault]
            assert len(lost) <= most and all(n > self.at[vault] for n in lost), f"{vault}: {lost} are not on record"
            self.lost[vault] |= lost
            self.at[vault] = at

    def stored(self, vault):
        answer = self.desk.cli("state", "get", f"t-{vault}", "n", "--json")
        return answer.data["value"] if answer.code == support.OK else 0


@pytest.fixture(params=["redis", "sqlite"])
def apart(request):
    """(URL of the state, {name: its server})."""
    if request.param == "sqlite":
        yield "sqlite:data/state.db", {}
        return
    with started(servers.Redis()) as server:
        yield url(server), {"redis": server}


def test_state_apart(make, node, apart):
    where, others = apart
    desk = make(more=f'state = "{where}",')
    kills, ahead = killing(desk, node, "state apart", ("worker",), **others), Ahead(desk)
    for target, stage in kills.plan(KILLS, PASSES):
        kills.at_stage(target, stage)
        ahead.look(most=UNDER_WAY)
    last_session(desk, VAULTS)
    desk.check_books(distinct=True)
    ahead.look(most=0)
    print(f"{kills.count()} kills, lost: {ahead.lost}, {len(desk.submissions())} submissions: {kills}")


# ---- a user's executor ----

HOOKED = """
return {
  workers = 2,
  vaults = {
    a = { executor = "webhook", url = "%(base)s/batches",
          secret = "file:keys/secret", timeout = "1s", calls = { "order" } },
    b = { executor = "webhook", url = "%(base)s/batches", simulate_url = "%(base)s/simulate",
          secret = "file:keys/secret", timeout = "1s", calls = { "order" } },
  },
}
"""
HOOK_STAGES = ["outbox.decided", "webhook.simulated", "webhook.signed", "outbox.prepared", "outbox.journaled",
               "webhook.sent", "webhook.answered", "outbox.known", "outbox.settled"]
MIDDLE = [(target, at) for target in ("core", "executor") for at in ("received", "executed", "looked up")]
HOOK_VAULTS = ["a", "b"]


@pytest.fixture
def executor():
    with webhook_server.WebhookServer() as made:
        yield made


class HookDesk(support.Desk):
    def __init__(self, path, executor):
        super().__init__(path)
        self.executor = executor
        self.write("orrery.lua", HOOKED % {"base": executor.base})
        self.write("keys/secret", executor.secret).chmod(0o600)
        for vault in HOOK_VAULTS:
            text = support.strategy(f"t-{vault}", ORDER, every(0.05))
            self.write(f"strategies/t-{vault}.lua", text.replace('vault_id = "v"', f'vault_id = "{vault}"'))

    def check_books(self):
        """Journal and executor know the same batches; each was executed once."""
        ledger, ours = self.executor.ledger(), {s["digest"]: s for s in self.rows("SELECT * FROM submissions")}
        assert ledger["defects"] == []
        assert {key: batch["executions"] for key, batch in ledger["batches"].items()} == dict.fromkeys(ours, 1)
        for key, s in ours.items():
            assert (s["state"], s["success"]) == (onchain.DONE, 1), key
            assert s["bytes"].decode() == ledger["batches"][key]["body"]
        for vault in HOOK_VAULTS:
            batches = [s for s in self.rows("SELECT * FROM submissions WHERE vault = ? ORDER BY id", vault)]
            assert all(before["settled_at"] <= after["created_at"] for before, after in zip(batches, batches[1:]))
        return ours


@pytest.fixture
def hooked(tmp_path, executor):
    made = HookDesk(tmp_path / "desk", executor)
    yield made
    made.close()


class HookMatrix(matrix.Matrix):
    """With the moments that only the other side knows: what is killed there is killed while a request is answered."""

    def __init__(self, desk, random):
        super().__init__(desk, random, {"executor": desk.executor}, stages=HOOK_STAGES)
        self.kills.update(dict.fromkeys(MIDDLE, 0))

    def in_the_middle(self, target, at):
        """The target dies when a batch has been received, or executed, or is asked for, and nothing is answered."""
        server = self.desk.executor
        if at == "looked up":
            self.at_stage("core", "outbox.journaled")
            match, when = "lookup", "before"
        else:
            match, when = "post", "before" if at == "received" else "after"
        server.fault("silent", match=match, when=when)
        self.start()
        wait_until(lambda: server.ledger()["silent"] > 0, what="a request that is not answered")
        self.strike(target)
        self.kills[target, at] += 1
        if target == "core":
            server.do("clear")
        else:
            self.mend(target)
            self.at_any_time()


def test_a_users_executor(hooked, executor):
    kills = HookMatrix(hooked, seeded("webhook matrix"))
    for target, at in MIDDLE:
        kills.in_the_middle(target, at)
    for target, stage in kills.plan(KILLS, PASSES):
        kills.at_stage(target, stage)
    last_session(hooked, HOOK_VAULTS)
    ours = hooked.check_books()
    check_numbers(hooked, HOOK_VAULTS)
    print(f"{kills.count()} kills, {len(ours)} batches: {kills}")


# ---- without --live in between ----

class Chain:
    """What is to be seen of the chain: whatever comes there, `sent` tells of it."""

    stages, vaults = matrix.STAGES, VAULTS

    def __init__(self, make, node):
        self.desk, self.server, self.children = make(), node, CHILDREN

    def mended(self, _):
        self.server.do("finality", ms=20)

    def sent(self):
        ledger = self.server.ledger()
        assert ledger["pending"] == []
        return {name: ledger[name] for name in ("transactions", "submits", "rejected")}

    def executed(self):
        return {t["digest"] for t in self.desk.transactions()}

    def check(self):
        self.desk.check_books(distinct=True)


class Hook:
    stages, vaults, children = HOOK_STAGES, HOOK_VAULTS, ("worker",)

    def __init__(self, hooked, executor):
        self.desk, self.server = hooked, executor

    def mended(self, _):
        pass

    def sent(self):
        return self.server.ledger()["batches"]

    def executed(self):
        return {key for key, batch in self.sent().items() if batch["executions"]}

    def check(self):
        self.desk.check_books()


@pytest.fixture(params=["chain", "webhook"])
def outside(request):
    if request.param == "chain":
        return Chain(request.getfixturevalue("make"), request.getfixturevalue("node"))
    return Hook(request.getfixturevalue("hooked"), request.getfixturevalue("executor"))


def submissions(desk):
    return {s["digest"]: s["state"] for s in desk.rows("SELECT * FROM submissions")}


def dry_runs(desk, vault):
    return desk.rows("SELECT count(*) FROM runs_v WHERE vault = ? AND dry_run", vault)[0][0]


def look_up_without_sending(outside, random):
    """A session without --live, to the end of its usefulness: everything open has been asked for, and vaults without an
    open batch have decided something, which went nowhere."""
    desk, before = outside.desk, {vault: dry_runs(outside.desk, vault) for vault in outside.vaults}

    def is_done(status):
        left = status["transactions"]["list"]
        waiting = {one["vault"] for one in left}
        return (all(one["tries"] >= 2 for one in left) and
                all(vault in waiting or dry_runs(desk, vault) > before[vault] for vault in outside.vaults))
    desk.start()
    desk.wait_until(is_done, 30, "an answer about everything that is open")
    if random.random() < 0.5:
        desk.kill()
    else:
        desk.stop()


def one_dry_restart(outside, random):
    """The journal is as a kill has left it. Whatever was under way has arrived when the server has been restarted."""
    desk = outside.desk
    outside.server.restart()
    outside.mended("server")
    sent, ours, executed = outside.sent(), submissions(desk), outside.executed()
    state = {vault: state_of(desk, vault) for vault in outside.vaults}
    found = [digest for digest, is_open in ours.items() if is_open == onchain.OPEN and digest in executed]
    if found:
        desk.start(env={"ORRERY_FAULTS": "outbox.known=kill"}, wait=False)
        assert desk.ended() == -signal.SIGKILL, desk.log()
        assert submissions(desk) == ours
    look_up_without_sending(outside, random)
    assert outside.sent() == sent
    assert submissions(desk) == {**ours, **dict.fromkeys(found, onchain.DONE)}
    assert {vault: state_of(desk, vault) for vault in outside.vaults} == state
    return len(found), sum(value == onchain.OPEN for value in ours.values())


def test_restarts_without_live(outside):
    random = seeded("without --live")
    kills = matrix.Matrix(outside.desk, random, {"server": outside.server}, outside.children, outside.stages,
                          mended=outside.mended)
    seen = []
    for stage in random.sample(outside.stages, len(outside.stages)) * max(1, KILLS // 15):
        kills.at_stage("core", stage)
        seen.append(one_dry_restart(outside, random))
    last_session(outside.desk, outside.vaults)
    outside.check()
    check_numbers(outside.desk, outside.vaults)
    found, were_open = (sum(column) for column in zip(*seen))
    print(f"{len(seen)} restarts, {were_open} open, {found} found without --live")
    assert 0 < found < were_open
