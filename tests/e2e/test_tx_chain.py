"""orrery tx on a desk that sends to the Sui test node: what was sent can be read there as the node has it, and outcomes
that are not known are asked for when an operator says so."""
import base64
import os
import re

import pytest

import onchain
import sui
from conftest import started
from support import ERROR, OK

MINT = """
    return action.vault.mint_binary { market_id = "btc:1800000000000", strike = 100, is_up = true,
                                      quantity = ctx.trigger.payload.q }
"""


@pytest.fixture(scope="module")
def chain():
    with started(sui.SuiNode(endpoints=2)) as made:
        yield made


@pytest.fixture
def desk(tmp_path, chain):
    made = onchain.ChainDesk(tmp_path / "desk", chain, ["v"], seed=os.urandom(32).hex(), gas_coins=4,
                             sui_more='execute_timeout = "1s",')
    made.fund()
    made.add_trader("v", MINT, name="t")
    yield made
    chain.do("clear")
    made.close()


def ready(desk, *args):
    desk.start(*args)
    desk.wait_until(lambda s: not any(v.get("obstacle") for v in s["outside"]), 20, "a vault without an obstacle")
    return desk


def shown(desk, tx):
    return desk.cli("tx", "show", tx, "--json").data


def hide(desk):
    """Answers to what is sent from now on get lost, and looking it up fails: its outcome stays unknown. The gas coins
    are there by then, so that it is a decision's and no upkeep."""
    assert desk.fire("t", {"q": 1})["status"] == "completed"
    desk.wait_until(lambda s: s["outside"][0]["status"]["coins"]["free"] == 4, what="four gas coins")
    desk.node.fault("silent", when="after", match="execute", times=0)
    desk.node.fault("status", match="lookup", times=0)


def test_what_was_sent_reads_as_the_node_has_it(desk):
    ready(desk, "--live")
    run = desk.fire("t", {"q": 12})
    one = shown(desk, run["id"])
    [tx] = [t for t in desk.transactions() if t["digest"] == run["result"]["digest"]]
    assert one["digest"] == one["transaction"]["digest"] == tx["digest"]
    assert one["state"] == "done" and one["success"] and one["outcome"]["gas_used"] == run["result"]["gas_used"]
    assert one["signed"] == {"address": desk.address, "holds": True, "by": "sender"}
    assert one["run"]["status"] == "completed" and one["account"] == one["transaction"]["sender"] == desk.address
    targets = [c["target"] for c in one["transaction"]["commands"]]
    assert targets == [f"{onchain.PACKAGE}::market_key::new", f"{onchain.PACKAGE}::predict::mint"]
    assert {"kind": "pure", "hex": "0c00000000000000"} in one["transaction"]["inputs"]
    again = desk.cli("tx", "decode", one["base64"], "--signature", one["signature"], "--json")
    assert again.code == OK and again.data["commands"] == one["transaction"]["commands"]
    assert base64.b64decode(one["base64"])[:2] == b"\0\0"
    # the split of coins before it is upkeep
    listed = desk.cli("tx", "list", "--json").data["transactions"]
    assert {t["digest"] for t in listed} == {t["digest"] for t in desk.transactions()}
    assert [t.get("vault", "") for t in listed if t["id"] != run["id"]] == [""]
    for tx in listed:
        text = desk.cli("tx", "show", tx["id"]).out
        assert "problem" not in text and "signature   holds: it is the sender's" in text
    live = [desk.cli(*words) for words in (["tx", "list"], ["tx", "show", run["id"]], ["runs", "show", run["id"]])]
    desk.stop()
    assert live == [desk.cli(*words) for words in (["tx", "list"], ["tx", "show", run["id"]], ["runs", "show", run["id"]])]


def test_resume_asks_at_once(desk):
    ready(desk, "--live")
    hide(desk)
    run = desk.ask("fire", plugin="t", wait=False, payload={"q": 3})["run"]
    desk.wait_until(lambda s: s["transactions"]["list"] and s["transactions"]["list"][0].get("why"), 60, "why it is unknown")
    status = desk.cli("status").out
    assert "OPEN TRANSACTIONS OF" in status and desk.address in status and ", live" in status
    one = shown(desk, run)
    assert one["state"] == "open" and one["why"] and one["tries"] > 0 and one["running"] and one["live"]
    text = desk.cli("tx", "show", run).out
    assert "next        looked up and sent again until its outcome is known; expires after epoch" in text
    assert f"transaction {one['digest']}, open" in desk.cli("runs", "show", run).out
    told = desk.cli("tx", "resume", one["digest"], "--wait", "500ms")
    assert told.code == ERROR and "1 is still open" in told.out
    desk.node.do("clear")
    told = desk.cli("tx", "resume")
    assert told.code == OK and re.search(rf"^{run} .* executed ", told.out, re.M), told
    assert shown(desk, one["digest"][:8])["success"] and desk.position("v") == 1 + 3
    assert desk.cli("tx", "resume").out == "no open transactions\n"
    desk.stop()
    desk.check_books()


def test_a_stopped_desk_tells_what_is_open_and_the_next_session_resolves_it(desk):
    ready(desk, "--live")
    hide(desk)
    run = desk.ask("fire", plugin="t", wait=False, payload={"q": 3})["run"]
    desk.wait_until(lambda s: s["transactions"]["open"] == 1, what="an open transaction")
    desk.kill()
    told = desk.cli("tx", "resume")
    assert told.code == ERROR and "1 is open: `orrery run --live` resolves it before any new decision" in told.out
    assert [t["id"] for t in desk.cli("tx", "list", "--open", "--json").data["transactions"]] == [run]
    # without --live it is looked up, and whoever asks is told that it is not sent
    ready(desk)
    one = shown(desk, run)
    if one["state"] == "open":
        assert one["live"] is False and "runs without --live" in desk.cli("tx", "show", run).out
    desk.stop()
    desk.node.do("clear")
    ready(desk, "--live")
    assert desk.cli("tx", "resume", "--wait", "20s").code == OK
    assert shown(desk, run)["success"]
    desk.stop()
    desk.check_books()


def test_what_fails_on_the_chain_says_why(desk):
    ready(desk, "--live")
    desk.node.do("abort", target=f"{onchain.PACKAGE}::predict::mint", code=43, when="execute")
    run = desk.fire("t", {"q": 1})
    text = desk.cli("tx", "show", run["id"]).out
    assert "state       executed, and failed: that is final" in text
    assert re.search(r"^error       .*43", text, re.M) and re.search(r"^gas used    [\d,]+ MIST: computation", text, re.M)
    assert re.search(rf"^{run['id']} .* failed .*43", desk.cli("tx", "list").out, re.M)


def test_the_start_and_check_say_what_is_live(desk):
    checked = desk.cli("check")
    assert "vault v: executor sui; `orrery run` simulates, `orrery run --live` sends\n" in checked.out
    assert desk.cli("check", "--json").data["executors"] == {"v": "sui"}
    for args, words, live in ((["--live"], "LIVE: what is decided is signed and sent", True),
                              ([], "nothing is sent; --live sends", False),
                              (["--dry-run"], "nothing is sent (--dry-run)", False)):
        ready(desk, *args)
        assert words in desk.log() and desk.address in desk.log()
        assert [v["live"] for v in desk.status()["outside"]] == [live]
        assert (" live " if live else " dry run ") in desk.cli("status").out
        desk.stop()
    assert desk.transactions() == [] or all(s["vault"] == "" for s in desk.submissions())
