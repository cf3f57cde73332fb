"""Vaults on the Sui test node, from the outside: what is sent, what is not, and what is said."""
import hashlib
import os
import time

import pytest

import onchain
import support
import sui
from conftest import started

MINT = """
    return action.vault.mint_binary { market_id = "btc:1800000000000", strike = 100, is_up = true,
                                      quantity = ctx.trigger.payload and ctx.trigger.payload.q or 7 }
"""
HOOKS = """on_executed = function(ctx, result) ctx.state:set("executed", result) end,
  on_error = function(ctx, err) ctx.state:set("error", err) end,"""


@pytest.fixture(scope="module")
def chain():
    with started(sui.SuiNode(endpoints=2)) as made:
        yield made


@pytest.fixture
def node(chain):
    yield chain
    chain.do("clear")
    for endpoint in range(2):
        chain.do("endpoint", endpoint=endpoint, alive=True)


def new_seed():
    """Of a key of its own: the chain remembers what others did."""
    return os.urandom(32).hex()


@pytest.fixture
def desk(tmp_path, node):
    made = onchain.ChainDesk(tmp_path / "desk", node, ["v"], seed=new_seed(), gas_coins=4)
    made.fund()
    made.add_trader("v", MINT, more=HOOKS, name="t")
    yield made
    made.close()


def ready(desk, *args, **more):
    """Runs, and its vault has nothing in its way."""
    desk.start(*(args or ["--live"]), **more)
    desk.wait_until(lambda s: not any(v.get("obstacle") for v in s["outside"]), 20, "a vault without an obstacle")
    return desk


def test_a_decision_becomes_one_transaction(desk):
    ready(desk)
    run = desk.fire("t", {"q": 12})
    assert run["status"] == "completed", run
    [tx] = [t for t in desk.transactions() if t["digest"] == run["result"]["digest"]]
    assert tx["status"] == "SUCCESS" and tx["submits"] == 1
    assert run["result"]["effects_status"] == "success" and run["result"]["gas_used"] > 0
    desk.wait_until(lambda s: desk.state("t").get("executed"), what="the hook")
    assert desk.state("t")["executed"]["digest"] == tx["digest"]
    assert desk.position("v") == 12
    assert tx["digest"] in desk.cli("runs", "show", run["id"]).out
    shown = desk.cli("runs", "trace", run["id"]).out
    for part in ("simulate", "sign", "journal", "submit", "commit"):
        assert part in shown, shown
    desk.stop()
    desk.check_books()


def test_without_live_nothing_is_signed_or_sent(desk):
    ready(desk, "--log-level", "info")
    run = desk.fire("t")
    assert run["status"] == "completed" and run["dry_run"], run
    assert desk.transactions() == [] and desk.submissions() == []
    assert desk.state("t") == {}, "hooks were not called"
    desk.stop()


def test_an_abort_is_told_by_its_function_and_code(desk, node):
    ready(desk)
    node.do("abort", target=f"{onchain.PACKAGE}::predict::mint", code=42, when="simulate")
    run = desk.fire("t")
    assert run["status"] == "rejected", run
    assert f"{onchain.PACKAGE}::predict::mint" in run["error"]["message"] and "42" in run["error"]["message"]
    assert desk.submissions() == [] or all(s["vault"] == "" for s in desk.submissions())


def test_an_abort_on_the_chain_is_final(desk, node):
    ready(desk)
    node.do("abort", target=f"{onchain.PACKAGE}::predict::mint", code=43, when="execute")
    run = desk.fire("t")
    assert run["status"] == "failed" and run["error"]["phase"] == "chain", run
    assert "43" in run["error"]["message"] and run["result"]["gas_used"] > 0
    desk.wait_until(lambda s: desk.state("t").get("error"), what="the hook")
    assert desk.fire("t")["status"] == "completed", "the next one works"
    desk.stop()
    desk.check_books()


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("kind", ["silent", "reset", "status", "malformed", "empty", "errors", "limit", "html"])
def test_an_unknown_outcome_is_resolved_by_the_digest(desk, node, kind, when):
    ready(desk)
    node.fault(kind, when=when, match="execute")
    run = desk.fire("t", {"q": 5})
    assert run["status"] == "completed", run
    [tx] = [t for t in desk.transactions() if t["digest"] == run["result"]["digest"]]
    assert tx["submits"] <= 2 and desk.position("v") == 5
    desk.stop()
    desk.check_books()


def test_what_was_open_is_resolved_before_the_next_decision(desk, node):
    ready(desk)
    node.fault("silent", when="after", match="execute", times=0)
    node.fault("status", match="lookup", times=0)
    desk.ask("fire", plugin="t", wait=False, payload={"q": 3})
    desk.wait_until(lambda s: s["transactions"]["open"] == 1, what="an open transaction")
    desk.kill()
    node.do("clear")
    ready(desk)
    assert desk.fire("t", {"q": 4})["status"] == "completed"
    assert desk.position("v") == 7
    assert desk.state("t")["executed"]
    desk.stop()
    desk.check_books()


def test_another_chain_is_refused(desk, node):
    node.do("chain", identifier="2" * 44)
    desk.start("--live")
    desk.wait_until(lambda s: "chain" in str(s["outside"][0].get("obstacle")), 20, "the obstacle")
    run = desk.fire("t")
    assert run["status"] == "skipped" and "chain" in run["reason"], run
    support.wait_until(lambda: "2222" in desk.log(), 20, "a line in the log")


def test_a_foreign_transaction_is_told_and_may_halt_the_vault(desk, node):
    desk.configure(on_foreign="halt", foreign_every="200ms")
    ready(desk)
    assert desk.fire("t")["status"] == "completed"
    foreign = node.do("foreign", sender=desk.address)
    desk.wait_until(lambda s: s["outside"][0].get("obstacle"), 20, "the halt")
    assert foreign["digest"] in desk.log()
    run = desk.fire("t")
    assert run["status"] == "skipped" and "halt" in run["reason"], run
    desk.stop()
    desk.start("--live")  # which does not make it known
    desk.wait_until(lambda s: foreign["digest"] in str(s["outside"][0].get("obstacle")), 20, "the halt again")
    desk.stop()
    desk.configure(operator_more=f'known_foreign = {{ "{foreign["digest"]}" }},')
    ready(desk)
    assert desk.fire("t")["status"] == "completed"


def test_one_daemon_per_operator(desk, tmp_path, node):
    ready(desk)
    other = onchain.ChainDesk(tmp_path / "other", node, ["v"], seed=desk.seed)
    try:
        done = support.run("run", other.path, "--live", "--for", "5s")
        assert done.code != 0 and desk.address in done.err + done.out, done
    finally:
        other.close()


def test_independent_vaults_go_out_side_by_side(tmp_path, node):
    vaults = ["a", "b", "c", "d"]
    desk = onchain.ChainDesk(tmp_path / "desk", node, vaults, seed=new_seed(), gas_coins=4)
    desk.fund(count=4)
    try:
        for vault in vaults:
            desk.add_trader(vault, MINT)
        ready(desk)
        desk.fire("t-a")
        node.do("finality", ms=1500)
        began = time.monotonic()
        for vault in vaults:
            desk.ask("fire", plugin=f"t-{vault}", wait=False)
        desk.wait_until(lambda s: s["counters"]["completed"] >= 5, 30, "four transactions")
        assert time.monotonic() - began < 4 * 1.5, "one after the other"
        desk.stop()
        desk.check_books()
    finally:
        desk.close()


def test_what_a_later_decision_writes_stays(desk, node):
    """Two at once: the first one's batch is still prepared when the second, which does nothing, is on record."""
    desk.add_trader("v", """
        local n = ctx.state:get_or_default("n", 0) + 1
        ctx.state:set("n", n)
        if n > 2 then return action.noop("enough") end
        ctx.state:set("mine", n)
        return action.vault.mint_binary { market_id = "btc:1800000000000", strike = n, is_up = true, quantity = 1 }
    """, name="t")
    ready(desk)
    node.fault("slow", match="simulate", ms=1000, times=2)
    for _ in range(3):  # the second and the third wait for the first, and are decided together
        desk.ask("fire", plugin="t", wait=False)
    desk.wait_until(lambda s: desk.position("v") == 2, what="two transactions")
    desk.wait_until(lambda s: s["transactions"]["open"] == 0, what="their ends")
    assert desk.state("t") == {"n": 3, "mine": 2}
    desk.kill()
    assert desk.rows("SELECT count(*) AS c FROM runs_v WHERE status = 'noop'")[0]["c"] == 1
    ready(desk)
    assert desk.fire("t")["status"] == "noop" and desk.state("t")["n"] == 4


def test_an_immutable_object_serves_again_and_again(desk, node):
    fixed = node.do("object", owner="immutable")
    node.do("targets", targets={onchain.PACKAGE + "::frozen::key": {
        "params": ["&", "u64", "u64", "bool"], "returns": ["value:MarketKey"]}})
    text = (desk.path / "orrery.lua").read_text()
    text = text.replace("::market_key::new", "::frozen::key").replace('{ market = "oracle", type = "id" }', '{ object = "fixed" }')
    text = text.replace("objects = {", f'objects = {{ fixed = {{ id = "{fixed["objectId"]}", owned = true }},')
    (desk.path / "orrery.lua").write_text(text)
    ready(desk)
    for _ in range(3):
        assert desk.fire("t", {"q": 1})["status"] == "completed"
    desk.kill()
    ready(desk)
    assert desk.fire("t", {"q": 1})["status"] == "completed"
    desk.stop()
    desk.check_books()


def test_a_decision_sees_what_the_one_before_did(desk, node):
    """Though reads lag behind: caps and ctx.vault would else be judged by what was before."""
    desk.configure(vault_more='''snapshot = { every = "1h", pm_balance = { object = "manager",
                                  at = "/balances/contents/0/value" } },''')
    desk.add_trader("v", """ctx.state:set("pm", ctx.vault.pm_balance)""" + MINT, name="t")
    ready(desk)
    node.do("lag", ms=700)
    for quantity in (100, 200):
        run = desk.fire("t", {"q": quantity})
        assert run["status"] == "completed", run["error"]
    assert desk.state("t")["pm"] == onchain.FUNDS - 100 // 2


def test_an_epoch_ends(desk, node):
    ready(desk)
    assert desk.fire("t")["status"] == "completed"
    node.do("epoch", gas_price=1300)
    desk.wait_until(lambda s: s["outside"][0]["status"]["gas_price"] == 1300, 20, "the new epoch's gas price")
    assert desk.fire("t")["status"] == "completed"


def test_keys_never_leave_the_signer(desk):
    """With --live running, the memory of core and of the workers has neither the seed nor the expanded key."""
    ready(desk)
    assert desk.fire("t")["status"] == "completed"
    seed = bytes.fromhex(desk.seed)
    expanded = hashlib.sha512(seed).digest()
    clamped = bytes([expanded[0] & 248]) + expanded[1:31] + bytes([expanded[31] & 63 | 64])
    [signer] = desk.children("signer")
    for pid in [desk.process.pid, *desk.children("worker")]:
        memory = read_memory(pid)
        assert len(memory) > 100_000
        for secret in (seed, expanded, clamped, expanded[32:]):
            for at in range(0, len(secret) - 15, 8):
                piece = secret[at:at + 16]
                if len(set(piece)) > 4:
                    assert piece not in memory, f"process {pid}"
    for pid in [desk.process.pid, signer, *desk.children("worker")]:
        links = [os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")]
        assert not any("keystore" in link for link in links), links
        with open(f"/proc/{pid}/limits") as limits:
            assert next(line for line in limits if "core file" in line).split()[4:6] == ["0", "0"], pid


def read_memory(pid):
    """All that it can read, but for the shadow of a sanitizer, which is larger than any machine."""
    found = []
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", 0) as memory:
        for line in maps:
            span, access = line.split()[:2]
            start, end = (int(x, 16) for x in span.split("-"))
            if "r" not in access or "[v" in line or end - start > 1 << 30:
                continue
            try:
                memory.seek(start)
                found.append(memory.read(end - start))
            except (OSError, ValueError):
                continue
    return b"".join(found)
