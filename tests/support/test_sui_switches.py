"""The Sui test node does what it is told to do wrong."""
import http.client
import json
import time
import urllib.error
import urllib.request

import pytest

import servers
import sui
from sui_world import LOOKUP, PACKAGE, SENT, is_json, later, raw, simulate, until_pending


# ---- switches ----

@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("kind, check", [
    ("silent", lambda answer: isinstance(answer, (TimeoutError, urllib.error.URLError))),
    ("reset", lambda answer: isinstance(answer, (ConnectionError, urllib.error.URLError, http.client.HTTPException))),
    ("status", lambda answer: answer[0] == 500),
    ("limit", lambda answer: answer[0] == 429 and answer[1]["Retry-After"] == "1"),
    ("malformed", lambda answer: answer[0] == 200 and not is_json(answer[2])),
    ("empty", lambda answer: answer[0] == 200 and answer[2] == b""),
    ("html", lambda answer: answer[0] == 200 and answer[2].startswith(b"<html>")),
    ("errors", lambda answer: json.loads(answer[2])["errors"][0]["extensions"]["code"] == "INTERNAL_SERVER_ERROR"),
])
def test_wrong_answers_before_and_after_execution(world, kind, check, when):
    tx = world.build()
    world.node.fault(kind, when=when, match="execute", endpoint=0)
    assert world.objects(world.coin["objectId"])[0] is not None  # other requests are answered
    answer = later(raw, world.node, tx, timeout=0.5 if kind == "silent" else 5)()
    assert check(answer), answer
    assert (world.entry(tx) is not None) == (when == "after")
    assert raw(world.node, tx)[0] == 200 and world.entry(tx)["submits"] == 2


def test_oversized_slow_and_trickled_answers(world):
    world.node.fault("oversized", match="read", bytes=3_000_000)
    with urllib.request.urlopen(urllib.request.Request(world.node.url, b'{"query":"query{ chainIdentifier }"}',
                                                       {"Content-Type": "application/json"}), timeout=10) as answer:
        assert len(answer.read()) == 3_000_000
    world.node.fault("slow", when="after", match="lookup", ms=300)
    started = time.monotonic()
    assert world.node.graphql(LOOKUP, {"d": "x"}) == {"data": {"transaction": None}}
    assert time.monotonic() - started >= 0.3
    world.node.fault("trickle", when="after", match="read", ms=5)
    assert world.ask("chainIdentifier")["chainIdentifier"]


def test_faults_of_one_endpoint_and_for_some_times(world):
    world.node.fault("status", status=503, endpoint=1, times=2)
    other = world.node.urls[1]
    for _ in range(2):
        assert "chainIdentifier" in world.ask("chainIdentifier")
        with pytest.raises(urllib.error.HTTPError, match="503"):
            world.node.graphql("query{ chainIdentifier }", url=other)
    assert world.ask("chainIdentifier", other)
    world.node.fault("status", times=0)
    for _ in range(3):
        with pytest.raises(urllib.error.HTTPError):
            world.node.graphql("query{ chainIdentifier }")
    assert world.ask("chainIdentifier", world.node.truth)  # nothing goes wrong there
    world.node.do("clear")
    assert world.ask("chainIdentifier")


def test_reads_that_are_behind(world):
    world.node.do("lag", transactions=2, endpoint=0)
    old = world.coin
    digests = [world.execute()["digest"] for _ in range(3)]
    far, near = (world.objects(old["objectId"], url=url)[0]["version"] for url in world.node.urls)
    assert near == world.coin["version"] and far == near - 2
    assert [world.found(d) is not None for d in digests] == [True, False, False]
    sent = world.node.graphql(SENT, {"o": world.address, "n": 50})["data"]["transactions"]["nodes"]
    assert [node["digest"] for node in sent] == digests[:1]
    world.node.do("clear")
    world.node.do("lag", ms=60_000, endpoint=0)
    assert world.objects(old["objectId"])[0] is None
    world.node.do("lag", ms=0)
    assert world.objects(old["objectId"])[0]["version"] == near


def test_an_abort_of_the_next_call(world):
    world.node.do("abort", target=f"{PACKAGE}::free::anything", code=13)
    tx = [world.call("free::anything")]
    assert simulate(world, world.build(tx))["status"] == "SUCCESS"
    assert world.execute(tx)["executionError"]["abortCode"] == "13"
    assert world.execute(tx)["status"] == "SUCCESS"
    world.node.do("abort", code=14, when="simulate")
    assert simulate(world, world.build(tx))["executionError"]["abortCode"] == "14"
    assert world.execute(tx)["status"] == "SUCCESS"


def test_finality_takes_its_time(world):
    world.node.do("finality", ms=300, times=1)
    tx = world.build()
    answers = [later(world.submit, tx) for _ in range(2)]
    until_pending(world.node, tx)
    assert world.found(tx["digest"]) is None
    assert answers[0]() == answers[1]() and world.entry(tx)["submits"] == 2
    assert world.node.ledger()["pending"] == []


def test_what_is_not_final_at_the_end_of_the_epoch_is_lost(world):
    world.node.do("finality", ms=60_000, times=1)
    tx = world.build()
    answer = later(world.submit, tx)
    until_pending(world.node, tx)
    world.node.do("epoch")
    assert "was not final" in answer()["errors"][0]["message"] and world.entry(tx) is None
    assert world.status(tx) == "SUCCESS"


def test_a_dead_endpoint(world):
    world.node.do("endpoint", endpoint=0, alive=False)
    with pytest.raises(urllib.error.URLError, match="refused"):
        world.node.graphql("query{ chainIdentifier }")
    assert world.ask("chainIdentifier", world.node.urls[1])
    world.node.do("endpoint", endpoint=0, alive=True)
    assert world.ask("chainIdentifier")


def test_an_endpoint_of_another_chain(world):
    world.node.do("chain", endpoint=1, identifier="4btiuiMPvEENsttpZC7CZ53DruC3MAgfznDbASZ7DR6S")
    identifiers = [world.ask("chainIdentifier", url)["chainIdentifier"] for url in world.node.urls]
    assert identifiers == [world.node.ledger()["chain"], "4btiuiMPvEENsttpZC7CZ53DruC3MAgfznDbASZ7DR6S"]


def test_foreign_transactions_from_our_address(world):
    before = world.node.ledger()["equivocations"]
    mine = world.build()
    made = world.node.do("foreign", sender=world.address, coin=world.coin["objectId"])
    sent = world.node.graphql(SENT, {"o": world.address, "n": 50})["data"]["transactions"]["nodes"]
    assert [node["digest"] for node in sent] == [made["digest"]]
    assert world.entry(made)["origin"] == "foreign" and world.entry(made)["submits"] == 0
    world.refused(mine, "needs to be rebuilt")
    found = world.client("getTransaction", digest=made["digest"], include={"effects": True})["Transaction"]
    assert found["digest"] == made["digest"] == found["effects"]["transactionDigest"] and found["status"]["success"]
    owned = world.node.do("object", owner=world.address)
    another = world.node.do("foreign", sender=world.address, objects=[owned["objectId"]])
    assert another["coin"]["objectId"] != world.coin["objectId"]
    assert world.objects(owned["objectId"])[0]["version"] > owned["version"]
    later_ones = world.node.ledger(after=world.entry(made)["checkpoint"])["transactions"]
    assert [entry["digest"] for entry in later_ones] == [another["digest"]]
    assert world.node.ledger()["equivocations"] == before


def test_a_foreign_transaction_with_a_coin_that_is_in_use(world):
    world.node.do("finality", ms=60_000)
    tx = world.build()
    answer = later(world.submit, tx)
    until_pending(world.node, tx)
    with pytest.raises(sui.Refused, match="equivocated"):
        world.node.do("foreign", sender=world.address, coin=world.coin["objectId"])
    assert "lost its locks" in answer()["errors"][0]["message"] and world.entry(tx) is None


def test_a_pruned_transaction_is_as_if_it_was_never(world):
    tx = world.build()
    world.submit(tx)
    world.node.do("prune", digest=tx["digest"])
    assert world.found(tx["digest"]) is None
    assert world.status(tx) == "SUCCESS"
    assert world.entry(tx)["submits"] == 2
    assert world.objects(world.coin["objectId"])[0]["version"] == world.coin["version"] + 1
    world.node.do("prune", digest=tx["digest"], forget=True)
    assert "needs to be rebuilt" in world.submit(tx)["errors"][0]["message"]
    assert not [e for e in world.node.ledger()["equivocations"] if tx["digest"] in e["digests"]]


def test_tls(sdk, tmp_path):
    try:
        certificates = servers.Certificates(tmp_path)
    except servers.Missing as e:
        pytest.skip(str(e))
    with sui.SuiNode(tls=certificates) as node:
        assert node.url.startswith("https://127.0.0.1:")
        assert node.graphql("query{ chainIdentifier }")["data"]["chainIdentifier"] == node.ledger()["chain"]
        with pytest.raises(urllib.error.URLError, match="certificate"):
            urllib.request.urlopen(node.url, timeout=5)
